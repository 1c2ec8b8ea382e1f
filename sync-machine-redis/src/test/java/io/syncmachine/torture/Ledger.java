package io.syncmachine.torture;

import io.syncmachine.torture.Shop.Document;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What the API holds, and the accounts of how it came to that. Safe for use by several threads.
 *
 * <p>A call is <em>late</em> if it arrives after its deadline and the grace time. That is what the library's promises take to be
 * impossible, and only a worker that was stopped between its last look at the clock and the send does it; so the API does what an API is
 * asked to do where such things happen, and refuses a version that is lower than one that it has accepted.
 *
 * <p>A call <em>overlaps</em> if it arrives in time while another one of its subject, that had arrived in time, is being handled and
 * within its own deadline and grace time.
 *
 * <p>A call is <em>redundant</em> if it takes effect and changes nothing, because the last call of the subject that took effect was for
 * the same document, or a delete as well.
 */
final class Ledger {

    private final long graceMillis;
    private final BiConsumer<Long, @Nullable Document> onHeld;
    private final Map<Long, Subject> subjects = new HashMap<>();
    private final Set<Long> workers = new HashSet<>();
    private final List<String> findings = new ArrayList<>();
    private final AtomicLong calls = new AtomicLong();
    private final AtomicLong lostAnswers = new AtomicLong();
    private long overlapping;
    private long redundant;
    private long late;
    private long lateRefused;
    private long disordered;

    private static final class Subject {
        private final List<Call> underWay = new ArrayList<>(1);
        private @Nullable Document held;
        private boolean touched;
        private long version = Long.MIN_VALUE;
        private long versionBy;
    }

    /**
     * What became of a call.
     */
    enum Effect {
        /** The API holds the document. */
        STORED,
        /** The API holds none any more. */
        DELETED,
        /** It had none to delete. */
        NOTHING_TO_DELETE,
        /** A later version was accepted before. */
        OUTDATED
    }

    /** A call that has arrived; to be closed when it has been answered. */
    final class Call implements AutoCloseable {

        private final long id;
        private final long version;
        private final long deadlineMillis;
        private final long worker;
        private final boolean isLate;

        private Call(long id, long version, long deadlineMillis, long worker, boolean isLate) {
            this.id = id;
            this.version = version;
            this.deadlineMillis = deadlineMillis;
            this.worker = worker;
            this.isLate = isLate;
        }

        long id() {
            return id;
        }

        long version() {
            return version;
        }

        /** For how long its caller waits for an answer. */
        long millisLeft() {
            return Math.max(deadlineMillis - System.currentTimeMillis(), 0);
        }

        /** Takes effect: the API holds this document now, or none if null. */
        Effect apply(@Nullable Document document) {
            return Ledger.this.apply(this, document);
        }

        /** It took effect, and the caller will not know. */
        void answerLost() {
            lostAnswers.incrementAndGet();
        }

        @Override
        public void close() {
            Ledger.this.end(this);
        }

        @Override
        public String toString() {
            return "version " + version + " of worker " + worker + ", deadline " + deadlineMillis;
        }
    }

    /** The accounts. */
    record Counts(
            long calls,
            long lostAnswers,
            long overlapping,
            long redundant,
            long late,
            long lateRefused,
            long disordered) {}

    /**
     * Opens the books.
     *
     * @param onHeld told what the API holds of a subject, whenever that changes
     */
    Ledger(long graceMillis, BiConsumer<Long, @Nullable Document> onHeld) {
        this.graceMillis = graceMillis;
        this.onHeld = onHeld;
    }

    /**
     * A call arrives.
     *
     * @param id of its subject
     * @param version of its publication
     * @param deadlineMillis by the clock on the wall
     * @param worker who calls
     */
    synchronized Call begin(long id, long version, long deadlineMillis, long worker) {
        long now = System.currentTimeMillis();
        calls.incrementAndGet();
        workers.add(worker);
        Call call = new Call(id, version, deadlineMillis, worker, now > deadlineMillis + graceMillis);
        Subject subject = subjects.computeIfAbsent(id, key -> new Subject());
        if (call.isLate) {
            late++;
        } else {
            for (Call other : subject.underWay) {
                if (!other.isLate && now <= other.deadlineMillis + graceMillis) {
                    overlapping++;
                    findings.add("subject " + id + ": " + call + " arrived at " + now + ", while " + other);
                }
            }
        }
        subject.underWay.add(call);
        return call;
    }

    private synchronized void end(Call call) {
        subject(call.id).underWay.remove(call);
    }

    private synchronized Effect apply(Call call, @Nullable Document document) {
        Subject subject = subject(call.id);
        if (call.version < subject.version) {
            if (call.isLate) {
                lateRefused++;
            } else {
                disordered++;
                findings.add("subject " + call.id + ": " + call + " came in time, but after version " + subject.version
                        + " of worker " + subject.versionBy);
            }
            return Effect.OUTDATED;
        }
        if (subject.touched && (document == null ? subject.held == null : document.equals(subject.held))) {
            redundant++;
        }
        Effect effect =
                document != null ? Effect.STORED : subject.held != null ? Effect.DELETED : Effect.NOTHING_TO_DELETE;
        subject.touched = true;
        subject.version = call.version;
        subject.versionBy = call.worker;
        subject.held = document;
        onHeld.accept(call.id, document);
        return effect;
    }

    private Subject subject(long id) {
        Subject subject = subjects.get(id);
        if (subject == null) {
            throw new IllegalStateException("no call has begun for " + id);
        }
        return subject;
    }

    /** Whether the worker has called. */
    synchronized boolean hasCalled(long worker) {
        return workers.contains(worker);
    }

    /** What the API holds, by subject. */
    synchronized Map<Long, Document> documents() {
        Map<Long, Document> documents = new HashMap<>();
        subjects.forEach((id, subject) -> {
            if (subject.held != null) {
                documents.put(id, subject.held);
            }
        });
        return documents;
    }

    /** The accounts now. */
    synchronized Counts counts() {
        return new Counts(calls.get(), lostAnswers.get(), overlapping, redundant, late, lateRefused, disordered);
    }

    /** What must not be, told call by call. */
    synchronized List<String> findings() {
        return List.copyOf(findings);
    }
}
