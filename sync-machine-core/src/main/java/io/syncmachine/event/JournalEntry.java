package io.syncmachine.event;

import java.time.Instant;

/**
 * An outcome, as it was written down.
 *
 * @param at when, by the clock of the store
 * @param node by which engine
 * @param outcome what it was
 */
public record JournalEntry(Instant at, String node, Outcome outcome) {

    @Override
    public String toString() {
        return at + " " + outcome + " by " + node;
    }
}
