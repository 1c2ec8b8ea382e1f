package io.syncmachine;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/**
 * What a failure of one of the application's functions means for the subject. The library's own exceptions say it by themselves; for
 * those of an API's client, {@link Policy#classify} does. Immutable.
 */
public final class FailureKind {

    /** The ways to go on. */
    enum Meaning {
        REJECTED,
        NOT_ACCEPTED,
        LATER,
        THROTTLED,
        UNAUTHORIZED,
        UNKNOWN
    }

    private static final FailureKind REJECTED = new FailureKind(Meaning.REJECTED, Duration.ZERO);
    private static final FailureKind NOT_ACCEPTED = new FailureKind(Meaning.NOT_ACCEPTED, Duration.ZERO);
    private static final FailureKind UNAUTHORIZED = new FailureKind(Meaning.UNAUTHORIZED, Duration.ZERO);
    private static final FailureKind UNKNOWN = new FailureKind(Meaning.UNKNOWN, Duration.ZERO);

    private final Meaning meaning;
    private final Duration delay;

    private FailureKind(Meaning meaning, Duration delay) {
        this.meaning = meaning;
        this.delay = delay;
    }

    /** Refused for good, like {@link RejectedException}: a dead letter at once. */
    public static FailureKind rejected() {
        return REJECTED;
    }

    /** Answered and not applied, like {@link NotAcceptedException}: another attempt follows, without doubt. */
    public static FailureKind notAccepted() {
        return NOT_ACCEPTED;
    }

    /**
     * Not applied, and to be tried again after this long, like {@link SnoozeException}: costs no attempt.
     *
     * @throws IllegalArgumentException if negative
     */
    public static FailureKind later(Duration delay) {
        return waiting(Meaning.LATER, delay);
    }

    /**
     * Not applied, and nothing more shall be sent to the destination for this long, like {@link ThrottledException}: costs no attempt.
     *
     * @throws IllegalArgumentException if negative
     */
    public static FailureKind throttled(Duration delay) {
        return waiting(Meaning.THROTTLED, delay);
    }

    private static FailureKind waiting(Meaning meaning, Duration delay) {
        if (delay.isNegative()) {
            throw new IllegalArgumentException("the delay of " + meaning.name().toLowerCase(Locale.ROOT)
                    + " must not be negative, but is " + delay);
        }
        return new FailureKind(meaning, delay);
    }

    /** Not let in and not applied, like {@link UnauthorizedException}: the machine is paused. */
    public static FailureKind unauthorized() {
        return UNAUTHORIZED;
    }

    /** Perhaps applied, perhaps not; what every other exception means: in doubt, and another attempt follows. */
    public static FailureKind unknown() {
        return UNKNOWN;
    }

    /** Whether this is {@link #rejected()}. */
    public boolean isRejected() {
        return meaning == Meaning.REJECTED;
    }

    /** Whether this is {@link #later}. */
    public boolean isLater() {
        return meaning == Meaning.LATER;
    }

    /** Whether this is {@link #throttled}. */
    public boolean isThrottled() {
        return meaning == Meaning.THROTTLED;
    }

    /** Whether this is {@link #unauthorized()}. */
    public boolean isUnauthorized() {
        return meaning == Meaning.UNAUTHORIZED;
    }

    /** Whether something may have been applied: this is {@link #unknown()}. */
    public boolean isUnknown() {
        return meaning == Meaning.UNKNOWN;
    }

    /** How long to wait; zero if this is neither {@link #later} nor {@link #throttled}. */
    public Duration delay() {
        return delay;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FailureKind kind && kind.meaning == meaning && kind.delay.equals(delay);
    }

    @Override
    public int hashCode() {
        return Objects.hash(meaning.name(), delay);
    }

    @Override
    public String toString() {
        return isLater() || isThrottled() ? meaning + "(" + delay + ")" : meaning.name();
    }
}
