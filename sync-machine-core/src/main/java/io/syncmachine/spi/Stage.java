package io.syncmachine.spi;

/** What a job does. */
public enum Stage {
    /** Find the subjects that a changed entity concerns. */
    FIND_SUBJECTS(1),
    /** Make sure that the API holds a subject's current document. */
    ENSURE_PUBLICATION(2),
    /** Tell a durable listener what became of a subject. */
    FOLLOW_UP(3);

    private final int number;

    Stage(int number) {
        this.number = number;
    }

    /** By which it is stored; it never changes. */
    public int number() {
        return number;
    }

    /**
     * The stage of a number.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Stage of(int number) {
        for (Stage stage : values()) {
            if (stage.number == number) {
                return stage;
            }
        }
        throw new IllegalArgumentException("stage must be from 1 to " + values().length + ", but is " + number);
    }
}
