package io.syncmachine;

import java.time.Duration;

/**
 * What the journal keeps, and for how long. Immutable; each method answers a copy with one thing changed.
 *
 * @param keptFor how long an entry is kept
 * @param most how many entries are kept, roughly; the oldest go first
 * @param oneSubjectIn of how many subjects one has all its entries kept; of the others only what failed is kept. 0 for none at all
 */
public record JournalPolicy(Duration keptFor, long most, int oneSubjectIn) {

    private static final JournalPolicy DEFAULTS = new JournalPolicy(Duration.ofDays(14), 10_000_000, 1);

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if keptFor is not above zero, most is not positive, or oneSubjectIn is negative
     */
    public JournalPolicy {
        if (keptFor.isZero() || keptFor.isNegative()) {
            throw new IllegalArgumentException("keptFor must be above zero, but is " + keptFor);
        }
        if (most < 1) {
            throw new IllegalArgumentException("most must be at least 1, but is " + most);
        }
        if (oneSubjectIn < 0) {
            throw new IllegalArgumentException("oneSubjectIn must not be negative, but is " + oneSubjectIn);
        }
    }

    /** Every run of every subject, for 14 days, 10 million entries at most. */
    public static JournalPolicy defaults() {
        return DEFAULTS;
    }

    /** Nothing is written. */
    public static JournalPolicy off() {
        return DEFAULTS.oneSubjectIn(0);
    }

    /** How long an entry is kept; default 14 days. */
    public JournalPolicy keptFor(Duration keptFor) {
        return new JournalPolicy(keptFor, most, oneSubjectIn);
    }

    /** How many entries are kept, roughly; default 10 million. */
    public JournalPolicy most(long most) {
        return new JournalPolicy(keptFor, most, oneSubjectIn);
    }

    /**
     * A sample: one subject in so many has all its entries kept, always the same one, so that its story has no gaps; of the others
     * only failures are kept. Default 1, which is all of them.
     */
    public JournalPolicy oneSubjectIn(int oneSubjectIn) {
        return new JournalPolicy(keptFor, most, oneSubjectIn);
    }

    /** Whether nothing is written. */
    public boolean isOff() {
        return oneSubjectIn == 0;
    }
}
