package io.syncmachine;

/**
 * What becomes of the subjects that are at the API when the builder's version rises. They are gone through once, in the background:
 * whatever changes meanwhile is published first. Goes on after a restart. Immutable.
 *
 * @param rebaseline whether nothing is sent
 * @param perSecond how many subjects are gone through per second at most
 */
public record VersionRise(boolean rebaseline, int perSecond) {

    private static final VersionRise ALL = new VersionRise(false, Integer.MAX_VALUE);

    /**
     * Checks the rate.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public VersionRise {
        if (perSecond < 1) {
            throw new IllegalArgumentException("perSecond must be at least 1, but is " + perSecond);
        }
    }

    /** Every subject whose document is another now is published, as fast as the machine may. */
    public static VersionRise publishAll() {
        return ALL;
    }

    /**
     * The same, at a rate.
     *
     * @throws IllegalArgumentException if the rate is not positive
     */
    public static VersionRise trickle(int perSecond) {
        return new VersionRise(false, perSecond);
    }

    /**
     * Nothing is sent: the new documents count as what the API has, until something of the subject changes. The first change after
     * it is sent in any case, for whether the API has what it shows cannot be known.
     */
    public static VersionRise rebaselineOnly() {
        return new VersionRise(true, Integer.MAX_VALUE);
    }
}
