package io.syncmachine.internal;

import io.syncmachine.PayloadCodec;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.StoredDocument;
import io.syncmachine.internal.Comparison.Decision.Repeat;
import io.syncmachine.internal.Comparison.Decision.Send;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.PayloadStore.PendingIntent;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One run of a job that ensures a subject's publication, from its claim to its verdict. Handed from thread to thread: the claiming
 * thread prepares it, a publishing thread sends it, and whoever answers first (that thread, or the watch over deadlines) gives the
 * verdict.
 */
final class Run<S, ID, D> {

    final Machine<S, ID, D> machine;
    final Claim claim;
    final SubjectKey key;
    final ID id;
    final HeldClaim held;

    private final EngineClock clock;
    private final PayloadCodec codec;
    private final AtomicBoolean answered = new AtomicBoolean();
    private @Nullable Opening opening;
    private @Nullable Message<S, D> message;
    private @Nullable String fingerprint;
    private Traffic.@Nullable Permit permit;
    private long intentEndNanos;
    private long callStartNanos;
    private long callEndNanos;
    private boolean called;
    private @Nullable Duration took;
    private @Nullable Thread caller;
    private @Nullable Runnable cancel;
    private boolean givenUp;

    /**
     * What is to be sent.
     *
     * @param intent its kind, fingerprint and key
     * @param subject null in a delete and in a repetition
     * @param document null in a delete
     * @param json the document in canonical form; null in a delete
     * @param kept the form in which the document is stored once it is acknowledged; null if it is not
     * @param repetition whether it repeats a create that was not answered, whatever the subject is now
     * @param reusedKey whether a call with this key may have been made before
     */
    record Message<S, D>(
            PendingIntent intent,
            @Nullable S subject,
            @Nullable D document,
            @Nullable String json,
            @Nullable String kept,
            boolean repetition,
            boolean reusedKey) {}

    Run(Machine<S, ID, D> machine, HeldClaim held, ID id, Settings settings) {
        this.machine = machine;
        this.held = held;
        this.claim = held.claim;
        this.key = new SubjectKey(
                claim.key().tenant(), claim.key().machine(), claim.key().key());
        this.id = id;
        this.clock = settings.clock();
        this.codec = settings.codec();
    }

    String leaseKey() {
        return key.tenant() + '/' + key.machine() + '/' + key.id();
    }

    void opened(Opening opening) {
        this.opening = opening;
    }

    @Nullable
    Opening opening() {
        return opening;
    }

    long epoch() {
        return Objects.requireNonNull(opening).epoch();
    }

    PayloadRecord known() {
        return Objects.requireNonNull(opening).known();
    }

    /** Decides to send a create or update, or a delete. */
    void send(Send<S, D> send) {
        PendingIntent last = known().intent();
        boolean reuse = false;
        String idempotencyKey = newIdempotencyKey(send.fingerprint());
        if (known().inDoubt()
                && last != null
                && last.kind() == send.kind()
                && last.fingerprint().equals(send.fingerprint())) {
            reuse = true;
            idempotencyKey = last.idempotencyKey();
        }
        String stored = send.json() == null ? null : codec.encode(send.json());
        String repeatable =
                send.kind() == PublicationKind.CREATE && machine.definition.remoteIdsFromApi() ? stored : null;
        PendingIntent intent = new PendingIntent(send.kind(), send.fingerprint(), idempotencyKey, repeatable);
        message = new Message<>(intent, send.subject(), send.document(), send.json(), kept(stored), false, reuse);
        fingerprint = send.fingerprint();
    }

    /** Decides to repeat a create that was not answered. */
    void repeat(Repeat<S, D> repeat) {
        PendingIntent create = repeat.create();
        message = new Message<>(create, null, repeat.document(), repeat.json(), kept(create.body()), true, true);
        fingerprint = create.fingerprint();
    }

    private @Nullable String kept(@Nullable String stored) {
        return machine.definition.policy().keptPayload() == Policy.KeptPayload.DOCUMENT ? stored : null;
    }

    /** What is stored for a document that counts as acknowledged without being sent. */
    @Nullable
    String keptWithoutSending(String json) {
        return kept(codec.encode(json));
    }

    /** Notes what was built, where nothing is sent. */
    void built(@Nullable String fingerprint) {
        this.fingerprint = fingerprint;
    }

    /** Of what was built; null if nothing was. */
    @Nullable
    String fingerprint() {
        return fingerprint;
    }

    /** Whether something may have changed; else the subject is only gone through. */
    boolean isForAChange() {
        return !claim.changed().isNone();
    }

    SubjectCall describe() {
        return new SubjectCall(machine, key, claim.causes());
    }

    /** Of the machine, the subject, the payload and the epoch of the intent that first tried it. */
    private String newIdempotencyKey(String fingerprint) {
        String parts = String.join("\n", key.tenant(), key.machine(), key.id(), fingerprint, Long.toString(epoch()));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(CanonicalJson.sha256(parts));
    }

    @Nullable
    Message<S, D> messageOrNull() {
        return message;
    }

    Message<S, D> message() {
        return Objects.requireNonNull(message);
    }

    /** Gives it a permit for its call. */
    synchronized void permit(Traffic.@Nullable Permit permit) {
        this.permit = permit;
    }

    /** Takes the permit away from it; null if it has none. */
    synchronized Traffic.@Nullable Permit takePermit() {
        Traffic.Permit taken = permit;
        permit = null;
        return taken;
    }

    /** What is to be noted before the send: the call may take effect until the lease ends, as it stands now. */
    Intent intend() {
        Duration left = held.left();
        intentEndNanos = clock.nanos() + left.toNanos();
        return new Intent(key, epoch(), message().intent(), left);
    }

    /**
     * Begins the call on the current thread, or answers null if a whole one, and the grace time after it, no longer fit into the lease
     * or into the time that was noted for it. The clock is read once for all that: who is stopped after it finds that the time of its
     * call has passed.
     */
    synchronized @Nullable Publication<S, ID, D> call(Duration grace) {
        Duration deadline = machine.definition.policy().deadline();
        Duration call = deadline.plus(grace);
        long now = clock.nanos();
        if (call.compareTo(held.leftAt(now)) > 0 || call.toNanos() > intentEndNanos - now) {
            return null;
        }
        callStartNanos = now;
        callEndNanos = now + deadline.toNanos();
        called = true;
        caller = Thread.currentThread();
        Instant day = clock.now();
        return new View(day.plus(callLeft()));
    }

    /** The current thread has made the call: from now on nobody interrupts it, and a pending interrupt is taken back. */
    @SuppressWarnings("ThreadInterruptedIgnored") // the interrupt was meant for the call that is over
    synchronized void returned() {
        caller = null;
        boolean ignored = Thread.interrupted();
    }

    /** The call goes on without a thread, or has ended. */
    void underWay(Runnable cancel) {
        boolean late;
        synchronized (this) {
            this.cancel = cancel;
            late = givenUp;
        }
        if (late) {
            cancel.run();
        }
    }

    /** Interrupts or cancels the call. */
    void giveUp() {
        Runnable cancellation;
        synchronized (this) {
            givenUp = true;
            cancellation = cancel;
            if (caller != null) {
                caller.interrupt();
            }
        }
        if (cancellation != null) {
            cancellation.run();
        }
    }

    /** How long the call may still take. */
    synchronized Duration callLeft() {
        return Duration.ofNanos(Math.max(callEndNanos - clock.nanos(), 0));
    }

    /** Whether this is the first answer; only the first may give a verdict. */
    boolean answer() {
        boolean first = answered.compareAndSet(false, true);
        if (first) {
            tookUntilNow();
        }
        return first;
    }

    boolean isAnswered() {
        return answered.get();
    }

    private synchronized void tookUntilNow() {
        took = called ? Duration.ofNanos(clock.nanos() - callStartNanos) : null;
    }

    /** How long the call took; null if there was none. */
    synchronized @Nullable Duration took() {
        return took;
    }

    /** What a hook sees. */
    private final class View implements Publication<S, ID, D> {

        private final Instant deadline;

        View(Instant deadline) {
            this.deadline = deadline;
        }

        @Override
        public PublicationKind kind() {
            return message().intent().kind();
        }

        @Override
        public ID id() {
            return id;
        }

        @Override
        public @Nullable S subject() {
            return message().subject();
        }

        @Override
        public D document() {
            D document = message().document();
            if (document == null) {
                throw new IllegalStateException("a delete has no document; see previous()");
            }
            return document;
        }

        @Override
        public Optional<String> json() {
            return Optional.ofNullable(message().json());
        }

        @Override
        public Optional<StoredDocument> previous() {
            return Optional.ofNullable(known().body()).map(body -> new StoredDocument(codec.decode(body), Engine.JSON));
        }

        @Override
        public Optional<String> remoteId() {
            return Optional.ofNullable(known().remoteId());
        }

        @Override
        public String idempotencyKey() {
            return message().intent().idempotencyKey();
        }

        @Override
        public boolean isInDoubt() {
            return known().inDoubt();
        }

        @Override
        public long version() {
            return epoch();
        }

        @Override
        public int attempt() {
            return claim.attempt();
        }

        @Override
        public Instant deadline() {
            return deadline;
        }

        @Override
        public Duration timeLeft() {
            return callLeft();
        }

        @Override
        public String tenant() {
            return key.tenant();
        }

        @Override
        public String toString() {
            return "Publication[" + kind() + " " + key + "]";
        }
    }
}
