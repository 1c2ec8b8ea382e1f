package io.syncmachine.http;

import io.syncmachine.FailureKind;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.RejectedException;
import io.syncmachine.SnoozeException;
import io.syncmachine.ThrottledException;
import io.syncmachine.UnauthorizedException;
import io.syncmachine.http.Exchange.Answered;
import io.syncmachine.http.Plan.Success;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Says what an answer means. */
final class Judge {

    /** What is asked to be tried again at once is tried again after this, lest it be tried without end. */
    private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(1);

    private final Plan plan;

    Judge(Plan plan) {
        this.plan = plan;
    }

    /** Whether an exception to the rules was declared for this status. */
    boolean isDeclared(int status) {
        return plan.statuses.containsKey(status);
    }

    /**
     * Why this is no success, as what it means for the publication; null if it is one.
     *
     * @param byContent whether a 2xx is judged by its content as well
     */
    @Nullable
    Exception failure(String what, Answered answered, boolean byContent) {
        HttpAnswer answer = answered.answer();
        int status = answer.status();
        Optional<FailureKind> declared = plan.statuses.get(status);
        if (declared != null) {
            return declared.map(kind -> failure(kind, status, message(what, answered)))
                    .orElse(null);
        }
        if (status >= 200 && status < 300) {
            return byContent ? content(what, answered) : null;
        }
        return byStatus(status, answer, message(what, answered));
    }

    /** The same without exceptions and without a look at the content, for what only asks. */
    @Nullable
    Exception failureOfLookup(String what, Answered answered) {
        int status = answered.answer().status();
        return status >= 200 && status < 300 ? null : byStatus(status, answered.answer(), message(what, answered));
    }

    private @Nullable Exception content(String what, Answered answered) {
        Success success = plan.success;
        HttpAnswer answer = answered.answer();
        if (success == null) {
            return null;
        }
        if (answer.isCut()) {
            return new IOException(
                    message(what, answered) + ": the body is too long to be judged, or cannot be unpacked");
        }
        try {
            return success.test().test(answer)
                    ? null
                    : failure(
                            success.otherwise(),
                            answer.status(),
                            message(what, answered) + ": no success by " + success.what());
        } catch (RuntimeException e) {
            return new IOException(
                    message(what, answered) + ": successWhen failed: "
                            + e.getClass().getSimpleName(),
                    e);
        }
    }

    private Exception byStatus(int status, HttpAnswer answer, String message) {
        RateHeaders limits = new RateHeaders(answer, plan.clock);
        Optional<Duration> told = limits.retryAfter();
        return switch (status) {
            case 429 -> throttled(told.or(limits::usedUp).orElse(plan.defaultPause));
            case 408, 425 -> told.<Exception>map(this::throttled).orElseGet(() -> new NotAcceptedException(message));
            case 503 -> told.<Exception>map(this::throttled).orElseGet(() -> new HttpStatusException(status, message));
            case 403 ->
                told.or(limits::usedUp)
                        .<Exception>map(this::throttled)
                        .orElseGet(() -> new UnauthorizedException(message));
            case 401, 407 -> new UnauthorizedException(message);
            case 301, 302, 307, 308 ->
                new NotAcceptedException(message + ": the redirect is not followed, to another host or without end");
            default ->
                status >= 400 && status < 500
                        ? new RejectedException(message)
                        : new HttpStatusException(status, message);
        };
    }

    /** What a failure of this kind is told by. */
    Exception failure(FailureKind kind, int status, String message) {
        if (kind.isRejected()) {
            return new RejectedException(message);
        }
        if (kind.isThrottled()) {
            return throttled(kind.delay());
        }
        if (kind.isLater()) {
            return new SnoozeException(kind.delay(), message);
        }
        if (kind.isUnauthorized()) {
            return new UnauthorizedException(message);
        }
        return kind.isUnknown() ? new HttpStatusException(status, message) : new NotAcceptedException(message);
    }

    private ThrottledException throttled(Duration pause) {
        Duration bounded = bounded(pause);
        return new ThrottledException(bounded.compareTo(SHORTEST_PAUSE) < 0 ? SHORTEST_PAUSE : bounded);
    }

    private Duration bounded(Duration pause) {
        return pause.compareTo(plan.longestPause) > 0 ? plan.longestPause : pause;
    }

    /** How long nothing more may be sent after a success. */
    Duration pauseAfter(HttpAnswer answer) {
        return new RateHeaders(answer, plan.clock).usedUp().map(this::bounded).orElse(Duration.ZERO);
    }

    /** The step, the status, and what the API says of it, without secrets. */
    String message(String what, Answered answered) {
        HttpAnswer answer = answered.answer();
        String said = answered.credentials().hiddenIn(String.join(": ", said(answer)));
        return what + ": " + answer.status() + (said.isEmpty() ? "" : " " + said);
    }

    private List<String> said(HttpAnswer answer) {
        String pointer = plan.messagePointer;
        Optional<String> own = pointer == null ? Optional.empty() : answer.at(pointer);
        if (own.isPresent()) {
            return List.of(own.get());
        }
        boolean problem = answer.header("content-type")
                .filter(type -> type.regionMatches(true, 0, "application/problem+json", 0, 24))
                .isPresent();
        return problem
                ? List.of("/title", "/detail").stream()
                        .flatMap(member -> answer.at(member).stream())
                        .filter(text -> !text.isBlank())
                        .toList()
                : List.of();
    }

    /** The id that the API gave, if this answer tells one that can be kept. */
    Optional<String> remoteId(HttpAnswer answer) {
        return Objects.requireNonNull(plan.remoteId).apply(answer).filter(id -> !id.isEmpty() && id.indexOf('\0') < 0);
    }
}
