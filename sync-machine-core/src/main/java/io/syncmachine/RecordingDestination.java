package io.syncmachine;

import io.syncmachine.function.CheckedFunction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what it is sent, and sends it nowhere: for tests, and for a trial run of a machine without its API. What would be sent without
 * any engine working is told by {@link SyncEngine#dryRun}.
 *
 * <p>Answers that everything is accepted, unless it is told otherwise; {@linkplain #inPlaceOf in place of} a destination that gives ids,
 * it gives some, too. Remembers documents: show them only to those who may read them.
 *
 * <p>The methods that change a setting answer a copy that has recorded nothing. Safe for use by several threads.
 */
public final class RecordingDestination implements Destination<Object, Object, Object> {

    private static final int KEPT = 10_000;
    private static final int MOST_KEPT = 10_000_000;

    private final String name;
    private final int kept;
    private final Limits limits;
    private final @Nullable Destination<?, ?, ?> batches;
    private final boolean deletes;
    private final boolean givesRemoteIds;
    private final CheckedFunction<? super Publication<?, ?, ?>, PublishResult> answer;
    private final Deque<Sent> sent = new ArrayDeque<>();
    private long count;

    /**
     * What it was sent.
     *
     * @param tenant whose subject
     * @param id the subject's id
     * @param kind create, update or delete
     * @param json the document as canonical JSON; empty in a delete
     * @param remoteId the API's own id of the subject, as far as it is known
     * @param idempotencyKey see {@link Publication#idempotencyKey()}
     */
    public record Sent(
            String tenant,
            Object id,
            PublicationKind kind,
            Optional<String> json,
            Optional<String> remoteId,
            String idempotencyKey) {}

    private RecordingDestination(
            String name,
            int kept,
            Limits limits,
            @Nullable Destination<?, ?, ?> batches,
            boolean deletes,
            boolean givesRemoteIds,
            CheckedFunction<? super Publication<?, ?, ?>, PublishResult> answer) {
        this.name = Names.check("destination", name);
        this.kept = kept;
        this.limits = limits;
        this.batches = batches;
        this.deletes = deletes;
        this.givesRemoteIds = givesRemoteIds;
        this.answer = answer;
    }

    /**
     * One that takes single publications and deletes, without limits.
     *
     * @throws IllegalArgumentException if the name is malformed, see {@link Destination#name()}
     */
    public static RecordingDestination named(String name) {
        return new RecordingDestination(
                name, KEPT, Limits.none(), null, true, false, publication -> PublishResult.done());
    }

    /** One that is like another in all that an engine asks: name, limits, batches, deletes, and whether it gives ids. */
    public static RecordingDestination inPlaceOf(Destination<?, ?, ?> other) {
        return new RecordingDestination(
                other.name(),
                KEPT,
                other.limits(),
                other,
                other.deletes(),
                other.givesRemoteIds(),
                other.givesRemoteIds() ? RecordingDestination::withRemoteId : publication -> PublishResult.done());
    }

    private static PublishResult withRemoteId(Publication<?, ?, ?> publication) {
        return PublishResult.withRemoteId(
                publication.remoteId().orElseGet(() -> "recorded-" + publication.idempotencyKey()));
    }

    /**
     * With how many publications it remembers; default 10,000. The oldest are forgotten.
     *
     * @throws IllegalArgumentException if not from 1 to 10,000,000
     */
    public RecordingDestination keeping(int most) {
        if (most < 1 || most > MOST_KEPT) {
            throw new IllegalArgumentException("keeping must be from 1 to " + MOST_KEPT + ", but is " + most);
        }
        return new RecordingDestination(name, most, limits, batches, deletes, givesRemoteIds, answer);
    }

    /** With limits, which the engine keeps as it would at the API. */
    public RecordingDestination limits(Limits limits) {
        return new RecordingDestination(name, kept, limits, batches, deletes, givesRemoteIds, answer);
    }

    /** With what it answers, or throws, to each publication after it has remembered it. */
    public RecordingDestination answering(CheckedFunction<? super Publication<?, ?, ?>, PublishResult> answer) {
        return new RecordingDestination(name, kept, limits, batches, deletes, givesRemoteIds, answer);
    }

    /** What it was sent, oldest first; the latest, if that was more than it keeps. */
    public List<Sent> sent() {
        synchronized (sent) {
            return List.copyOf(sent);
        }
    }

    /** How much it was sent in all, forgotten or not, since it was made or cleared. */
    public long count() {
        synchronized (sent) {
            return count;
        }
    }

    /** Forgets all. */
    public void clear() {
        synchronized (sent) {
            sent.clear();
            count = 0;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public int batchSize() {
        return batches == null ? 1 : batches.batchSize();
    }

    @Override
    public @Nullable Object batchOf(PublicationKind kind, boolean inDoubt) {
        return batches == null ? "" : batches.batchOf(kind, inDoubt);
    }

    @Override
    public boolean deletes() {
        return deletes;
    }

    @Override
    public boolean givesRemoteIds() {
        return givesRemoteIds;
    }

    @Override
    public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
        synchronized (sent) {
            count++;
            sent.add(new Sent(
                    publication.tenant(),
                    publication.id(),
                    publication.kind(),
                    publication.json(),
                    publication.remoteId(),
                    publication.idempotencyKey()));
            if (sent.size() > kept) {
                sent.remove();
            }
        }
        try {
            return CompletableFuture.completedFuture(answer.apply(publication));
        } catch (Exception e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public List<CompletionStage<PublishResult>> sendAll(List<? extends Publication<?, ?, ?>> publications) {
        List<CompletionStage<PublishResult>> answers = new ArrayList<>(publications.size());
        publications.forEach(publication -> answers.add(send(publication)));
        return answers;
    }

    @Override
    public String toString() {
        return "RecordingDestination[" + name + "]";
    }
}
