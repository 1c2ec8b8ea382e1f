package io.syncmachine.http;

import io.syncmachine.NotAcceptedException;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RejectedException;
import io.syncmachine.SnoozeException;
import io.syncmachine.ThrottledException;
import io.syncmachine.UnauthorizedException;
import io.syncmachine.http.Exchange.Answered;
import io.syncmachine.http.Exchange.Request;
import io.syncmachine.http.Plan.Step;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One publication on its way: a write, and where the API's state is not what it seemed, a look at it and another write. All of it within
 * the time of the publication, whose end, like a cancellation of {@link #result}, aborts what is under way.
 *
 * <p>Steps follow one another, on different threads but never two at once.
 */
final class Delivery {

    /** Before the next try of one whose turn did not come. */
    private static final Duration TURN = Duration.ofSeconds(1);

    final CompletableFuture<PublishResult> result = new CompletableFuture<>();
    private final Api api;
    private final Plan plan;
    private final Judge judge;
    private final Publication<?, ?, ?> publication;
    private final Reading alone;
    private volatile @Nullable CompletableFuture<?> underWay;
    private volatile String what = "";
    /** Whether a write was begun of which it is not known that it was not applied. Any failure is doubt then, and none else. */
    private volatile boolean mayBeApplied;
    /** Whether it is not its turn yet. */
    private volatile boolean waits;
    /** Whether a write was applied, whatever follows it. */
    private volatile boolean isApplied;

    private long endNanos;
    private URI asked;
    private @Nullable Turns turns;
    private @Nullable String remoteId;
    private boolean lookedUp;
    private boolean adopted;
    private boolean recreated;

    Delivery(Api api, Plan plan, Publication<?, ?, ?> publication) {
        this.api = api;
        this.plan = plan;
        this.judge = new Judge(plan);
        this.publication = publication;
        this.alone = new Reading(true, judge::remoteId);
        this.asked = plan.base;
        this.remoteId = publication.remoteId().orElse(null);
        Stages.whenDone(result, (value, failure) -> abort());
    }

    /**
     * How an answer is read.
     *
     * @param content whether it is judged by its content as well
     * @param remoteId where it has the API's id
     */
    private record Reading(boolean content, Function<HttpAnswer, Optional<String>> remoteId) {}

    interface Action {
        void run() throws Exception;
    }

    /** Begins to watch over the time. */
    void watch(String first) {
        what = first;
        Duration left = publication.timeLeft();
        Duration limit = plan.timeout != null && plan.timeout.compareTo(left) < 0 ? plan.timeout : left;
        endNanos = System.nanoTime() + limit.toNanos();
        if (limit.isZero()) {
            fail(new NotAcceptedException("no time is left to send anything"));
            return;
        }
        CompletableFuture<Boolean> tooLate =
                new CompletableFuture<Boolean>().completeOnTimeout(true, limit.toNanos(), TimeUnit.NANOSECONDS);
        Stages.whenDone(tooLate, (late, never) -> {
            if (late) {
                fail(
                        waits
                                ? new SnoozeException(TURN, what + ": others of its batch took all of its time")
                                : new IOException(what + ": no answer within " + limit));
            }
        });
        Stages.whenDone(result, (value, failure) -> tooLate.complete(false));
    }

    Duration left() {
        return Duration.ofNanos(Math.max(endNanos - System.nanoTime(), 0));
    }

    /** The same beside others, in its turn. */
    void begin(Turns turns) {
        this.turns = turns;
        begin();
    }

    void begin() {
        watch(publication.kind().name());
        guard(() -> {
            switch (publication.kind()) {
                case CREATE -> create(publication.isInDoubt() && plan.createsAnew() && plan.lookup != null);
                case UPDATE -> update();
                case DELETE -> delete();
            }
        });
    }

    private void create(boolean lookUpFirst) {
        if (lookUpFirst && !lookedUp) {
            lookUp(found -> {
                if (found) {
                    update();
                } else {
                    create(false);
                }
            });
        } else {
            write(Objects.requireNonNull(plan.create), PublicationKind.CREATE);
        }
    }

    private void update() {
        Step update = Objects.requireNonNull(plan.update);
        knowingRemoteId(update, () -> write(update, PublicationKind.UPDATE), () -> create(false));
    }

    private void delete() {
        Step delete = Objects.requireNonNull(plan.delete);
        knowingRemoteId(
                delete, () -> write(delete, PublicationKind.DELETE), () -> result.complete(PublishResult.done()));
    }

    private void knowingRemoteId(Step step, Action then, Action absent) {
        guard(() -> {
            if (!step.path().needsRemoteId() || remoteId != null) {
                then.run();
            } else if (plan.lookup == null || lookedUp) {
                throw new RejectedException(step + ": the remote id is not known; say lookup(…) to ask for it");
            } else {
                lookUp(found -> (found && remoteId != null ? then : absent).run());
            }
        });
    }

    private interface Found {
        void then(boolean found) throws Exception;
    }

    /** Asks the API whether it has the subject, and by which id. */
    private void lookUp(Found next) {
        Step lookup = Objects.requireNonNull(plan.lookup);
        lookedUp = true;
        send(lookup, false, null, headers(null), answered -> {
            HttpAnswer answer = answered.answer();
            if (answer.status() == 404 || answer.status() == 410) {
                next.then(false);
                return;
            }
            Exception failure = judge.failureOfLookup(lookup.toString(), answered);
            if (failure != null) {
                throw failure;
            }
            next.then(isFound(lookup, answered));
        });
    }

    private boolean isFound(Step lookup, Answered answered) throws IOException {
        HttpAnswer answer = answered.answer();
        if (plan.lookupPointer == null && plan.remoteId == null) {
            return true;
        }
        Optional<String> id = plan.lookupPointer == null ? judge.remoteId(answer) : answer.at(plan.lookupPointer);
        if (id.isEmpty() && (answer.isCut() || answer.json().isEmpty())) {
            throw new IOException(judge.message(lookup.toString(), answered) + ": no JSON, or too long");
        }
        if (plan.remoteId != null && id.isPresent()) {
            remoteId = id.get();
        }
        return id.isPresent();
    }

    private void write(Step step, PublicationKind use) {
        guard(() -> {
            byte[] body = use == PublicationKind.DELETE ? null : body(step);
            Map<String, String> headers = headers(use);
            if (body != null) {
                headers.put("Content-Type", contentType(step));
            }
            send(step, true, body, headers, answered -> written(step, use, answered, alone));
        });
    }

    private interface Next {
        void accept(Answered answered) throws Exception;
    }

    private void send(Step step, boolean write, byte @Nullable [] body, Map<String, String> headers, Next next) {
        Turns mine = turns;
        turns = null; // once it is its turn, it stays so to its end
        if (mine == null) {
            sendNow(step, write, body, headers, next);
        } else {
            waits = true;
            mine.take(result, () -> {
                waits = false;
                sendNow(step, write, body, headers, next);
            });
        }
    }

    private void sendNow(Step step, boolean write, byte @Nullable [] body, Map<String, String> headers, Next next) {
        guard(() -> {
            what = step.toString();
            URI uri = URI.create(plan.base + step.path().fill(publication, plan.ids, remoteId));
            asked = uri;
            Request request = new Request(
                    what, step.method(), uri, headers, Optional.ofNullable(body), plan.maxAnswerBytes, plan.packs);
            CompletableFuture<Answered> sent = new Exchange(
                            api, request, status -> !judge.isDeclared(status), may -> mayBeApplied = write && may)
                    .begin();
            follow(sent);
            Stages.whenDone(
                    sent,
                    (answered, failure) -> guard(() -> {
                        if (failure != null) {
                            throw failure instanceof Exception exception ? exception : new IOException(failure);
                        }
                        next.accept(answered);
                    }));
        });
    }

    private void follow(CompletableFuture<?> sent) {
        underWay = sent;
        if (result.isDone()) {
            sent.cancel(true);
        }
    }

    private void abort() {
        CompletableFuture<?> current = underWay;
        if (current != null) {
            current.cancel(true);
        }
    }

    /** A write was answered. */
    private void written(Step step, PublicationKind use, Answered answered, Reading reading) throws Exception {
        int status = answered.answer().status();
        boolean declared = judge.isDeclared(status);
        if (status == 202 && plan.polling != null) {
            poll(step, use, answered, reading);
        } else if (!declared && use == PublicationKind.DELETE && (status == 404 || status == 410)) {
            result.complete(PublishResult.done().pausing(judge.pauseAfter(answered.answer())));
        } else if (!declared && use == PublicationKind.CREATE && status == 409 && plan.adopts && !adopted) {
            mayBeApplied = false;
            adopted = true;
            adopt(step, answered);
        } else if (!declared
                && use == PublicationKind.UPDATE
                && status == 404
                && plan.createsAnew()
                && !recreated
                && !adopted) {
            mayBeApplied = false;
            recreated = true;
            create(false);
        } else {
            Exception failure = judge.failure(step.toString(), answered, reading.content());
            if (failure != null) {
                throw failure;
            }
            succeeded(step, use, answered, reading);
        }
    }

    /** A write was accepted, and will be applied or not. */
    private void poll(Step step, PublicationKind use, Answered accepted, Reading reading) {
        HttpPolling polling = Objects.requireNonNull(plan.polling);
        what = "status of " + step;
        Poll poll = new Poll(api, plan, step.toString(), left(), headers(null));
        follow(poll.result);
        Stages.whenDone(
                poll.begin(asked, accepted),
                (answered, failure) -> guard(() -> {
                    if (failure != null) {
                        throw failure instanceof Exception exception ? exception : new IOException(failure);
                    }
                    boolean byContent = reading.content() && !polling.isDoneByContent();
                    Exception unsuccessful = judge.failure(step.toString(), answered, byContent);
                    if (unsuccessful != null) {
                        throw unsuccessful;
                    }
                    Function<HttpAnswer, Optional<String>> place = polling.remoteId();
                    succeeded(step, use, answered, place == null ? reading : new Reading(false, place));
                }));
    }

    private void adopt(Step step, Answered answered) {
        if (plan.lookup == null) {
            update();
            return;
        }
        lookUp(found -> {
            if (!found) {
                throw new NotAcceptedException(
                        judge.message(step.toString(), answered) + ": but the lookup finds nothing to adopt");
            }
            update();
        });
    }

    private void succeeded(Step step, PublicationKind use, Answered answered, Reading reading) throws IOException {
        isApplied = true;
        HttpAnswer answer = answered.answer();
        Duration pause = judge.pauseAfter(answer);
        if (use == PublicationKind.DELETE || !plan.givesRemoteIds()) {
            result.complete(PublishResult.done().pausing(pause));
            return;
        }
        if (use == PublicationKind.CREATE || remoteId == null) {
            remoteId = reading.remoteId().apply(answer).orElse(null);
        }
        if (remoteId != null) {
            complete(remoteId, pause);
        } else if (plan.lookup != null && !lookedUp) {
            lookUp(found -> {
                if (!found) {
                    throw unidentified(step, answered);
                }
                complete(Objects.requireNonNull(remoteId), pause);
            });
        } else {
            throw unidentified(step, answered);
        }
    }

    private void complete(String id, Duration pause) {
        boolean known = publication.remoteId().filter(id::equals).isPresent();
        result.complete((known ? PublishResult.done() : PublishResult.withRemoteId(id)).pausing(pause));
    }

    private IOException unidentified(Step step, Answered answered) {
        return new IOException(judge.message(step.toString(), answered) + ": no remote id by " + plan.remoteIdPlace);
    }

    private byte[] body(Step step) {
        String json = publication.json().orElseThrow();
        if (step.difference()) {
            String previous = publication.previous().map(kept -> kept.json()).orElse(null);
            if (previous != null) {
                // In doubt, it is not known what the difference is to.
                boolean whole = publication.isInDoubt() || publication.kind() == PublicationKind.CREATE || recreated;
                json = (whole
                                ? MergePatch.whole(Json.document(previous), Json.document(json))
                                : MergePatch.between(Json.document(previous), Json.document(json)))
                        .toString();
            }
        } else if (plan.body != null) {
            json = plan.body.apply(publication);
        }
        return json.getBytes(StandardCharsets.UTF_8);
    }

    private String contentType(Step step) {
        if (step.difference()) {
            return "application/merge-patch+json";
        }
        return plan.contentType == null ? "application/json" : plan.contentType;
    }

    /** The headers of a write, or of a lookup, which needs neither key nor version. */
    private Map<String, String> headers(@Nullable PublicationKind use) {
        Map<String, String> headers = plan.commonHeaders();
        plan.headers.forEach((name, value) -> {
            headers.keySet().removeIf(name::equalsIgnoreCase);
            headers.put(name, fit(name, value.apply(publication)));
        });
        if (use != null && plan.idempotencyHeader != null) {
            headers.put(plan.idempotencyHeader, key(use));
        }
        if (use != null && plan.versionHeader != null) {
            headers.put(plan.versionHeader, Long.toString(publication.version()));
        }
        return headers;
    }

    /** Another write than the publication's own has a key of its own, lest it be answered from the API's memory of that one. */
    private String key(PublicationKind use) {
        String key = publication.idempotencyKey();
        return use == publication.kind() ? key : key + "." + use.name().toLowerCase(Locale.ROOT);
    }

    private static String fit(String name, String value) {
        if (value == null || value.chars().anyMatch(c -> c < ' ' || c > '~')) {
            throw new RejectedException("header " + name + " of this publication "
                    + (value == null ? "is null" : "has a character that is no visible ASCII"));
        }
        return value;
    }

    void guard(Action action) {
        try {
            action.run();
        } catch (Exception e) {
            fail(e);
        }
    }

    /** Ends it. Where nothing can have been applied there is no doubt, whatever happened; where something was, there is. */
    void fail(Exception failure) {
        if (isApplied) {
            result.completeExceptionally(
                    failure instanceof IOException && !(failure instanceof NotSentException)
                            ? failure
                            : new IOException(
                                    what + ", after a write that was applied: " + failure.getMessage(), failure));
            return;
        }
        boolean says = failure instanceof NotAcceptedException
                || failure instanceof RejectedException
                || failure instanceof ThrottledException
                || failure instanceof SnoozeException
                || failure instanceof UnauthorizedException;
        if (says || mayBeApplied) {
            result.completeExceptionally(failure);
        } else {
            String message = failure instanceof IOException ? failure.getMessage() : null;
            NotAcceptedException told = new NotAcceptedException(
                    message == null ? "nothing was sent: " + failure.getClass().getName() : message);
            told.initCause(failure);
            result.completeExceptionally(told);
        }
    }

    /** It is sent in a batch, or was not after all. */
    void mayBeApplied(boolean may) {
        mayBeApplied = may;
    }

    /** A batch was answered, and this is what it says of this publication. */
    void writtenInBatch(HttpBatch batch, Answered answered, Turns turns) throws Exception {
        this.turns = turns;
        asked = URI.create(plan.base + batch.step.path().toString());
        Function<HttpAnswer, Optional<String>> place = batch.remoteId();
        written(batch.step, publication.kind(), answered, new Reading(false, place == null ? judge::remoteId : place));
    }
}
