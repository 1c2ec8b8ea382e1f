package io.syncmachine.memory;

import io.syncmachine.event.JournalEntry;
import io.syncmachine.event.Outcome;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/** A journal in a list. */
final class InMemoryJournal implements Journal {

    private final EngineClock clock;
    private final Deque<JournalEntry> entries = new ArrayDeque<>();

    InMemoryJournal(EngineClock clock) {
        this.clock = clock;
    }

    @Override
    public synchronized void append(String node, Collection<Outcome> outcomes) {
        Instant now = clock.now();
        outcomes.forEach(outcome -> entries.add(new JournalEntry(now, node, outcome)));
    }

    @Override
    public synchronized List<JournalEntry> read(SubjectKey subject, int limit) {
        List<JournalEntry> latest = new ArrayList<>();
        for (Iterator<JournalEntry> newest = entries.descendingIterator();
                newest.hasNext() && latest.size() < limit; ) {
            JournalEntry entry = newest.next();
            if (isOf(entry, subject)) {
                latest.add(entry);
            }
        }
        return latest;
    }

    private static boolean isOf(JournalEntry entry, SubjectKey subject) {
        Outcome outcome = entry.outcome();
        return outcome.tenant().equals(subject.tenant())
                && outcome.machine().equals(subject.machine())
                && outcome.subjectId().equals(subject.id());
    }

    @Override
    public synchronized int prune(Duration olderThan, long most, int limit) {
        Instant oldest = clock.now().minus(olderThan);
        int deleted = 0;
        while (deleted < limit
                && !entries.isEmpty()
                && (entries.size() > most || entries.getFirst().at().isBefore(oldest))) {
            entries.removeFirst();
            deleted++;
        }
        return deleted;
    }

    @Override
    public synchronized void erase(SubjectKey subject) {
        entries.removeIf(entry -> isOf(entry, subject));
    }
}
