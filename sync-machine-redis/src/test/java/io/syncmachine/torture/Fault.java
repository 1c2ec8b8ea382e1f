package io.syncmachine.torture;

/** How a call is answered. */
enum Fault {
    NONE(0, true, false),
    /** 429 with Retry-After in seconds. */
    THROTTLED_FOR_SECONDS(250, false, false),
    /** 429 with Retry-After as a date. */
    THROTTLED_UNTIL_DATE(250, false, false),
    /** 500. */
    FAILING(250, false, false),
    /** 503. */
    UNAVAILABLE(250, false, false),
    /** Applied; no answer comes. */
    TIMEOUT_AFTER(300, true, true),
    /** Not applied; no answer comes. */
    TIMEOUT_BEFORE(300, false, false),
    /** Applied; the connection is reset. */
    RESET_AFTER(100, true, true),
    /** Not applied; the connection is reset. */
    RESET_BEFORE(100, false, false),
    /** Applied; a page of HTML with status 200. */
    HTML(20, true, true),
    /** Applied; JSON that ends in the middle. */
    CUT_JSON(20, true, true),
    /** Applied; the connection ends in the middle of the answer. */
    CUT_ANSWER(20, true, true),
    /** Applied; an answer of 50 MB. */
    HUGE(20, true, true),
    /** Applied; a byte a second. */
    SLOW(20, true, true);

    /** Of so many calls, each fault gets its share. */
    static final int CALLS = 10_000;

    private final int share;
    private final boolean applied;
    private final boolean answerLost;

    Fault(int share, boolean applied, boolean answerLost) {
        this.share = share;
        this.applied = applied;
        this.answerLost = answerLost;
    }

    /** Whether the call takes effect, if the API takes its document at all. */
    boolean isApplied() {
        return applied;
    }

    /** Whether the call takes effect, and its caller cannot know. */
    boolean losesAnswer() {
        return answerLost;
    }

    /**
     * The one that is due.
     *
     * @param random from 0 to {@link #CALLS} - 1
     */
    static Fault of(int random) {
        int rest = random;
        for (Fault fault : values()) {
            rest -= fault.share;
            if (rest < 0) {
                return fault;
            }
        }
        return NONE;
    }
}
