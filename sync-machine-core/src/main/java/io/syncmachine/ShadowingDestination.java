package io.syncmachine;

import io.syncmachine.internal.Batches;
import io.syncmachine.spi.CallLimiter.Grant;
import io.syncmachine.spi.CallLimiter.Returned;
import io.syncmachine.spi.CallLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends to one destination, whose answers count, and the same to a second one, its shadow, to compare how the two take it: a new API
 * beside the old one, before it takes over. Nothing that the shadow does changes anything: not its answer, its failure, nor its slowness;
 * nothing ever waits for it. It is sent to on daemon threads of this object's own.
 *
 * <p>The shadow is compared, and not kept in step: what it misses is not sent again. It is not called, and that is
 * {@linkplain #skipped() counted}, while as many calls as {@link #inFlight} allows are under way, or one for the same subject; while its
 * {@link Destination#limits()} are reached, which this object keeps by itself, for this process only; while it has asked for a pause; and
 * where the call could not be answered by the publication's deadline any more. A batch that is sent is one call, even if the shadow takes
 * smaller batches; these follow one another. A publication that is sent again, for instance since its batch was refused, is sent to the
 * shadow again.
 *
 * <p>The shadow is given the publications as they are, but for this: its idempotency keys are its own (with {@code -shadow} at the end), so
 * that two versions of one API do not answer for each other. {@link Publication#remoteId()} is never that of the first destination;
 * where the shadow {@linkplain Destination#givesRemoteIds() gives ids}, it is the one that it gave in this process, as far as the last 10,000
 * are remembered; without one an update or delete is skipped, and with one a create is an update. {@link Publication#previous()} is what the first
 * destination acknowledged, which the shadow may never have seen. Deletes are not sent to a shadow that has none.
 *
 * <p>Settings answer a copy that has counted nothing. Safe for use by several threads.
 *
 * @param <S> the subject's class
 * @param <ID> its id's class
 * @param <D> the document's class
 */
public final class ShadowingDestination<S, ID, D> implements Destination<S, ID, D> {

    private static final Logger log = LoggerFactory.getLogger(ShadowingDestination.class);
    private static final int IN_FLIGHT = 32;
    private static final int MOST_IN_FLIGHT = 10_000;
    private static final int REMOTE_IDS = 10_000;
    private static final long THREADS_LIVE_SECONDS = 10;

    private final Destination<? super S, ? super ID, ? super D> main;
    private final Destination<? super S, ? super ID, ? super D> shadow;
    private final int inFlight;
    private final Consumer<? super Difference> listener;
    private final Semaphore free;
    private final Executor threads;
    private final Set<Subject> underWay = ConcurrentHashMap.newKeySet();
    private final Map<Subject, String> remoteIds = new LinkedHashMap<>();
    private final CallLog calls = new CallLog();
    private long pausedUntilNanos = System.nanoTime();
    private final LongAdder same = new LongAdder();
    private final LongAdder different = new LongAdder();
    private final LongAdder skipped = new LongAdder();

    /** How a publication ended. */
    public enum Ending {
        /** The API holds the document, or has deleted it. */
        ACCEPTED,
        /** Refused for good, by {@link RejectedException}. */
        REFUSED,
        /** Not applied, and worth another attempt, at once or later. */
        NOT_ACCEPTED,
        /** Not answered by its deadline. */
        IN_DOUBT,
        /** Failed in any other way, perhaps after it was applied; {@link Policy#classify} is not asked. */
        FAILED
    }

    /**
     * How a publication ended at one of the two.
     *
     * @param ending the kind of its end
     * @param reason what was answered or thrown, for people to read; empty if accepted
     */
    public record End(Ending ending, String reason) {

        private static final End ACCEPTED = new End(Ending.ACCEPTED, "");
        private static final End NO_ANSWER = new End(Ending.IN_DOUBT, "no answer within the deadline");

        static End of(@Nullable PublishResult result, @Nullable Throwable failure) {
            if (failure == null) {
                return result == null
                        ? new End(Ending.FAILED, "it answered null")
                        : result.accepted() ? ACCEPTED : new End(Ending.NOT_ACCEPTED, String.valueOf(result.reason()));
            }
            Ending ending;
            if (failure instanceof RejectedException) {
                ending = Ending.REFUSED;
            } else if (failure instanceof NotAcceptedException
                    || failure instanceof ThrottledException
                    || failure instanceof SnoozeException
                    || failure instanceof UnauthorizedException) {
                ending = Ending.NOT_ACCEPTED;
            } else if (failure instanceof CancellationException || failure instanceof InterruptedException) {
                return NO_ANSWER;
            } else {
                ending = Ending.FAILED;
            }
            return new End(ending, failure.getClass().getSimpleName() + ": " + failure.getMessage());
        }
    }

    /**
     * A publication that did not end in the same way at both.
     *
     * @param tenant whose subject
     * @param id the subject's id
     * @param kind what the first destination was to do
     * @param main how it ended there
     * @param shadow how it ended at the shadow
     */
    public record Difference(String tenant, Object id, PublicationKind kind, End main, End shadow) {}

    private record Subject(String tenant, Object id) {}

    /** A publication on its way to both. The first end is empty if it is not known yet, for the publication is sent again. */
    private static final class Pair<S, ID, D> {
        final Publication<? extends S, ? extends ID, ? extends D> publication;
        final Subject subject;
        final CompletableFuture<Optional<End>> main = new CompletableFuture<>();
        final CompletableFuture<Optional<End>> shadow = new CompletableFuture<>();

        Pair(Publication<? extends S, ? extends ID, ? extends D> publication) {
            this.publication = publication;
            this.subject = new Subject(publication.tenant(), publication.id());
        }
    }

    private ShadowingDestination(
            Destination<? super S, ? super ID, ? super D> main,
            Destination<? super S, ? super ID, ? super D> shadow,
            int inFlight,
            Consumer<? super Difference> listener) {
        this.main = main;
        this.shadow = shadow;
        this.inFlight = inFlight;
        this.listener = listener;
        this.free = new Semaphore(inFlight);
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                inFlight, inFlight, THREADS_LIVE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "sync-machine-shadow-" + shadow.name());
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        this.threads = pool;
    }

    /**
     * The first destination with a shadow; differences are logged.
     *
     * @param main whose answers count; name, limits, batches and deletes are its
     * @param shadow what is sent the same
     */
    public static <S, ID, D> ShadowingDestination<S, ID, D> of(
            Destination<? super S, ? super ID, ? super D> main, Destination<? super S, ? super ID, ? super D> shadow) {
        return new ShadowingDestination<>(
                main,
                shadow,
                IN_FLIGHT,
                difference -> log.info("'{}' and its shadow differ: {}", main.name(), difference));
    }

    /**
     * With so many calls of the shadow at once; default 32. What would be more is skipped, so that a shadow that hangs takes no more than
     * so many threads.
     *
     * @throws IllegalArgumentException if not from 1 to 10,000
     */
    public ShadowingDestination<S, ID, D> inFlight(int calls) {
        if (calls < 1 || calls > MOST_IN_FLIGHT) {
            throw new IllegalArgumentException(
                    "inFlight of a shadow must be from 1 to " + MOST_IN_FLIGHT + ", but is " + calls);
        }
        return new ShadowingDestination<>(main, shadow, calls, listener);
    }

    /** With who is told of differences, on a thread of this object's; what it throws is logged. */
    public ShadowingDestination<S, ID, D> onDifference(Consumer<? super Difference> listener) {
        return new ShadowingDestination<>(main, shadow, inFlight, listener);
    }

    /** How many publications ended in the same way at both. */
    public long same() {
        return same.sum();
    }

    /** How many did not. */
    public long different() {
        return different.sum();
    }

    /** How many the shadow was not sent. */
    public long skipped() {
        return skipped.sum();
    }

    @Override
    public String name() {
        return main.name();
    }

    @Override
    public int batchSize() {
        return main.batchSize();
    }

    @Override
    public @Nullable Object batchOf(PublicationKind kind, boolean inDoubt) {
        return main.batchOf(kind, inDoubt);
    }

    @Override
    public Limits limits() {
        return main.limits();
    }

    @Override
    public boolean waits() {
        return main.waits() || shadow.waits();
    }

    @Override
    public boolean deletes() {
        return main.deletes();
    }

    @Override
    public boolean givesRemoteIds() {
        return main.givesRemoteIds();
    }

    @Override
    public CompletionStage<PublishResult> send(Publication<? extends S, ? extends ID, ? extends D> publication)
            throws Exception {
        List<Pair<S, ID, D>> pairs = List.of(new Pair<>(publication));
        shadow(pairs);
        CompletionStage<PublishResult> stage = sent(pairs, () -> main.send(publication));
        follow(pairs, Collections.singletonList(stage));
        return stage;
    }

    @Override
    public List<CompletionStage<PublishResult>> sendAll(
            List<? extends Publication<? extends S, ? extends ID, ? extends D>> publications) throws Exception {
        List<Pair<S, ID, D>> pairs = new ArrayList<>(publications.size());
        publications.forEach(publication -> pairs.add(new Pair<>(publication)));
        shadow(pairs);
        List<CompletionStage<PublishResult>> stages = sent(pairs, () -> main.sendAll(publications));
        follow(pairs, stages);
        return stages;
    }

    private interface Sending<R> {
        R send() throws Exception;
    }

    private static <R> R sent(List<? extends Pair<?, ?, ?>> pairs, Sending<R> sending) throws Exception {
        try {
            return sending.send();
        } catch (Throwable e) {
            pairs.forEach(pair -> pair.main.complete(mainEnd(pairs.size(), null, e)));
            throw e;
        }
    }

    /** Never changes what the engine gets to see, not even of a destination that breaks its contract. */
    private static void follow(
            List<? extends Pair<?, ?, ?>> pairs, @Nullable List<CompletionStage<PublishResult>> stages) {
        for (int i = 0; i < pairs.size(); i++) {
            Pair<?, ?, ?> pair = pairs.get(i);
            CompletionStage<PublishResult> stage = stages == null || i >= stages.size() ? null : stages.get(i);
            if (stage == null) {
                pair.main.complete(mainEnd(1, null, null));
            } else {
                stage.whenComplete((result, failure) -> pair.main.complete(mainEnd(pairs.size(), result, failure)));
            }
        }
    }

    private static Optional<End> mainEnd(int size, @Nullable PublishResult result, @Nullable Throwable failure) {
        Throwable cause = unwrapped(failure);
        return isToBeHalved(size, cause) ? Optional.empty() : Optional.of(End.of(result, cause));
    }

    private static boolean isToBeHalved(int size, @Nullable Throwable failure) {
        return size > 1 && failure instanceof BatchRefusedException;
    }

    private static @Nullable Throwable unwrapped(@Nullable Throwable failure) {
        Throwable cause = failure == null ? null : failure.getCause();
        return cause != null && (failure instanceof CompletionException || failure instanceof ExecutionException)
                ? unwrapped(cause)
                : failure;
    }

    /** Begins to send to the shadow, on another thread. Never waits, and never throws. */
    private void shadow(List<Pair<S, ID, D>> pairs) {
        List<Pair<S, ID, D>> chosen = new ArrayList<>(pairs.size());
        try {
            for (Pair<S, ID, D> pair : pairs) {
                boolean possible = pair.publication.kind() != PublicationKind.DELETE || shadow.deletes();
                if (possible && underWay.add(pair.subject)) {
                    chosen.add(pair);
                    CompletableFuture<Void> ignored = pair.shadow.thenAccept(end -> underWay.remove(pair.subject));
                } else if (possible) {
                    skipped.increment();
                }
            }
            if (chosen.isEmpty()) {
                return;
            }
            if (free.tryAcquire()) {
                begin(chosen);
            } else {
                skip(chosen);
            }
        } catch (RuntimeException | Error e) {
            log.warn("the shadow '{}' is not called", shadow.name(), e);
            skip(chosen);
        }
    }

    private void begin(List<Pair<S, ID, D>> pairs) {
        try {
            Deque<List<Pair<S, ID, D>>> parts = Batches.of(
                    shadow, pairs, pair -> new Batches.Sort(pair.publication.kind(), pair.publication.isInDoubt()));
            pairs.forEach(this::compareWhenEnded);
            threads.execute(() -> next(parts));
        } catch (RuntimeException | Error e) { // for instance no more threads
            free.release();
            throw e;
        }
    }

    private void skip(List<Pair<S, ID, D>> pairs) {
        skipped.add(pairs.size());
        pairs.forEach(pair -> pair.shadow.complete(Optional.empty()));
    }

    private void compareWhenEnded(Pair<S, ID, D> pair) {
        CompletableFuture<Void> ignored = pair.main.thenAcceptBothAsync(
                pair.shadow,
                (mainEnd, shadowEnd) -> {
                    if (mainEnd.isPresent() && shadowEnd.isPresent()) {
                        compare(pair, mainEnd.get(), shadowEnd.get());
                    }
                },
                threads);
    }

    private void compare(Pair<S, ID, D> pair, End mainEnd, End shadowEnd) {
        if (mainEnd.ending() == shadowEnd.ending()) {
            same.increment();
            return;
        }
        different.increment();
        try {
            listener.accept(new Difference(
                    pair.subject.tenant(), pair.subject.id(), pair.publication.kind(), mainEnd, shadowEnd));
        } catch (RuntimeException | Error e) {
            log.warn("a listener to differences failed", e);
        }
    }

    /** Calls the shadow with the next part; the slot is free when there is none. */
    private void next(Deque<List<Pair<S, ID, D>>> parts) {
        List<Pair<S, ID, D>> part = parts.poll();
        if (part == null) {
            free.release();
            return;
        }
        List<Pair<S, ID, D>> known = withRemoteIds(part);
        Duration left = part.get(0).publication.timeLeft();
        Grant grant = left.isZero() || known.isEmpty() || isPaused() ? new Grant(0, 0, Duration.ZERO) : permit(left);
        if (grant.calls() == 0) {
            skip(known);
            next(parts);
            return;
        }
        Call call = new Call(known);
        CompletableFuture<Void> ignored = call.begin(left)
                .thenRunAsync(
                        () -> {
                            giveBack(grant);
                            call.refused().forEach(parts::addFirst);
                            next(parts);
                        },
                        threads);
    }

    /** Without those of which the shadow's id would be needed, and is not known. */
    private List<Pair<S, ID, D>> withRemoteIds(List<Pair<S, ID, D>> part) {
        if (!shadow.givesRemoteIds()) {
            return part;
        }
        List<Pair<S, ID, D>> known = new ArrayList<>(part);
        known.removeIf(pair -> {
            boolean isMissing = pair.publication.kind() != PublicationKind.CREATE
                    && remoteId(pair.subject).isEmpty();
            if (isMissing) {
                skip(List.of(pair));
            }
            return isMissing;
        });
        return known;
    }

    private Optional<String> remoteId(Subject subject) {
        synchronized (remoteIds) {
            return Optional.ofNullable(remoteIds.get(subject));
        }
    }

    private void remember(Subject subject, PublicationKind kind, PublishResult result) {
        synchronized (remoteIds) {
            if (kind == PublicationKind.DELETE) {
                remoteIds.remove(subject);
            } else if (result.remoteId() != null) {
                remoteIds.put(subject, result.remoteId());
                if (remoteIds.size() > REMOTE_IDS) {
                    remoteIds.remove(remoteIds.keySet().iterator().next());
                }
            }
        }
    }

    private boolean isPaused() {
        synchronized (calls) {
            return pausedUntilNanos - System.nanoTime() > 0;
        }
    }

    private void pause(Duration pause) {
        synchronized (calls) {
            long until = System.nanoTime() + pause.toNanos();
            pausedUntilNanos = until - pausedUntilNanos > 0 ? until : pausedUntilNanos;
        }
    }

    private Grant permit(Duration longest) {
        synchronized (calls) {
            return calls.acquire(shadow.limits(), 1, longest, TimeUnit.NANOSECONDS.toMicros(System.nanoTime()));
        }
    }

    private void giveBack(Grant grant) {
        synchronized (calls) {
            calls.release(shadow.limits(), new Returned(grant.at(), 1, true));
        }
    }

    /** One call of the shadow. */
    private final class Call {

        private final List<Pair<S, ID, D>> pairs;
        private final List<CompletableFuture<Boolean>> ends = new ArrayList<>();
        private final List<CompletionStage<PublishResult>> stages = new ArrayList<>();
        private final List<Pair<S, ID, D>> toBeHalved = Collections.synchronizedList(new ArrayList<>());
        private @Nullable Thread caller;
        private boolean expired;

        Call(List<Pair<S, ID, D>> pairs) {
            this.pairs = pairs;
            pairs.forEach(pair -> ends.add(new CompletableFuture<>()));
        }

        /** Sends on this thread; the answer is complete when all have ended and this thread is back. */
        CompletableFuture<Void> begin(Duration left) {
            CompletableFuture<Void> all = CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new));
            CompletableFuture<Void> ignored = all.copy()
                    .orTimeout(left.toNanos(), TimeUnit.NANOSECONDS)
                    .whenComplete((nothing, timeout) -> {
                        if (timeout != null) {
                            expire();
                        }
                    });
            synchronized (this) {
                caller = Thread.currentThread();
            }
            List<? extends CompletionStage<PublishResult>> answers = call();
            returned(answers);
            for (int i = 0; i < pairs.size(); i++) {
                follow(i, answers.get(i));
            }
            return all;
        }

        private List<? extends CompletionStage<PublishResult>> call() {
            List<Publication<S, ID, D>> publications = new ArrayList<>(pairs.size());
            for (Pair<S, ID, D> pair : pairs) {
                publications.add(new ShadowPublication<>(pair.publication, remoteId(pair.subject)));
            }
            Throwable failure;
            try {
                List<? extends CompletionStage<PublishResult>> answers = publications.size() == 1
                        ? Collections.singletonList(shadow.send(publications.get(0)))
                        : shadow.sendAll(publications);
                if (answers != null && answers.size() == pairs.size() && !answers.contains(null)) {
                    return answers;
                }
                failure = new IllegalStateException("it did not answer a stage for each publication");
            } catch (Throwable e) {
                failure = e;
            }
            return Collections.nCopies(pairs.size(), CompletableFuture.failedFuture(failure));
        }

        /** From now on nobody interrupts this thread, and what got no answer in time is cancelled. */
        @SuppressWarnings("ThreadInterruptedIgnored") // the interrupt was meant for the call that is over
        private void returned(List<? extends CompletionStage<PublishResult>> answers) {
            boolean late;
            synchronized (this) {
                caller = null;
                boolean ignored = Thread.interrupted();
                stages.addAll(answers);
                late = expired;
            }
            if (late) {
                waitNoLonger(List.copyOf(answers));
            }
        }

        private void follow(int index, CompletionStage<PublishResult> stage) {
            Pair<S, ID, D> pair = pairs.get(index);
            stage.whenComplete((result, failure) -> {
                land(pair, result, unwrapped(failure));
                ends.get(index).complete(true);
            });
        }

        private void land(Pair<S, ID, D> pair, @Nullable PublishResult result, @Nullable Throwable failure) {
            if (result != null && result.accepted()) {
                remember(pair.subject, pair.publication.kind(), result);
            }
            if (result != null && !result.pause().isZero()) {
                pause(result.pause());
            }
            if (failure instanceof ThrottledException throttled) {
                pause(throttled.retryAfter());
            }
            if (isToBeHalved(pairs.size(), failure)) {
                toBeHalved.add(pair);
            } else {
                pair.shadow.complete(Optional.of(End.of(result, failure)));
            }
        }

        private void expire() {
            List<CompletionStage<PublishResult>> late;
            synchronized (this) {
                expired = true;
                late = List.copyOf(stages);
                if (caller != null) {
                    caller.interrupt();
                }
            }
            pairs.forEach(pair -> pair.shadow.complete(Optional.of(End.NO_ANSWER)));
            if (!late.isEmpty()) {
                waitNoLonger(late);
            }
        }

        /** The thread is back: what cannot be cancelled holds nothing. */
        private void waitNoLonger(List<CompletionStage<PublishResult>> late) {
            for (CompletionStage<PublishResult> stage : late) {
                try {
                    stage.toCompletableFuture().cancel(true);
                } catch (RuntimeException e) {
                    log.debug("a call of the shadow that got no answer cannot be cancelled", e);
                }
            }
            ends.forEach(end -> end.complete(false));
        }

        /** What is to be sent again in halves, the latter half first. */
        List<List<Pair<S, ID, D>>> refused() {
            List<Pair<S, ID, D>> all =
                    toBeHalved.stream().filter(pair -> !pair.shadow.isDone()).toList();
            if (all.isEmpty()) {
                return List.of();
            }
            int half = (all.size() + 1) / 2;
            List<Pair<S, ID, D>> rest = all.subList(half, all.size());
            return rest.isEmpty() ? List.of(all) : List.of(rest, all.subList(0, half));
        }
    }
}
