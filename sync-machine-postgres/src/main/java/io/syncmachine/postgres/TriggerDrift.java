package io.syncmachine.postgres;

/**
 * A difference between what is declared and what is in the database.
 *
 * @param table the table that it is about, with its schema
 * @param problem what is wrong
 * @param cure what to do about it
 */
public record TriggerDrift(String table, String problem, String cure) {

    @Override
    public String toString() {
        return table + ": " + problem + "; " + cure;
    }
}
