package io.syncmachine;

import io.syncmachine.function.CheckedPredicate;
import io.syncmachine.internal.ResyncRequest;
import io.syncmachine.internal.ResyncRequest.Wish;
import io.syncmachine.spi.Change;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Goes through subjects of a machine and makes sure of each that the API holds what the database says: all of them, or what {@link #ids},
 * {@link #idsFrom} and {@link #where} leave. Each of these methods answers a copy with one thing changed.
 *
 * <pre>{@code
 * ResyncRun run = engine.resync(ORDER_TO_API).start();
 * }</pre>
 *
 * <p>Live changes overtake it, a crash or restart interrupts it for no longer than a lease, and only what differs is sent, unless it is
 * {@linkplain #force forced}. Dead letters stay what they are, unless it is forced. Of one machine, one resync goes on at a time, in the order in which they were started.
 * Immutable; safe for use by several threads.
 */
public final class Resync<S, ID> {

    private final ResyncRequest<S, ID> request;
    private final Wish<S, ID> wish;

    private Resync(ResyncRequest<S, ID> request, Wish<S, ID> wish) {
        this.request = request;
        this.wish = wish;
    }

    static <S, ID> Resync<S, ID> of(ResyncRequest<S, ID> request) {
        return new Resync<>(request, new Wish<>(List.of(Change.DEFAULT_TENANT), null, null, null, false));
    }

    /**
     * Only these subjects, be they there or gone. Gone through once by each of {@link #estimate} and {@link #start}, a thousand at a time,
     * and closed then if it is {@link AutoCloseable}.
     *
     * @throws IllegalStateException if ids are named already
     */
    public Resync<S, ID> ids(Iterable<? extends ID> ids) {
        return named(Objects.requireNonNull(ids, "ids"), null);
    }

    /** The same; a stream serves once, for {@link #start} or {@link #estimate}, and is closed then. */
    public Resync<S, ID> ids(Stream<? extends ID> ids) {
        return named(ClosingIds.of(Objects.requireNonNull(ids, "ids")), null);
    }

    /**
     * Only the subjects that a file names: an id a line, as it is stored and shown, in UTF-8; blanks around it and empty lines do not count. The file is read by {@link #start},
     * twice: if a line is no id, nothing is begun.
     *
     * @throws IllegalStateException if ids are named already
     */
    public Resync<S, ID> idsFrom(Path file) {
        return named(null, Objects.requireNonNull(file, "file"));
    }

    private Resync<S, ID> named(@Nullable Iterable<? extends ID> ids, @Nullable Path file) {
        if (wish.ids() != null || wish.file() != null) {
            throw new IllegalStateException("ids are named twice; name them by one of ids(…) and idsFrom(…), once");
        }
        return new Resync<>(request, new Wish<>(wish.tenants(), ids, file, wish.chosen(), wish.force()));
    }

    /**
     * Only subjects that are chosen. They are read and asked about by {@link #start} itself, on its thread, all before the resync
     * begins: only the ids of those that are chosen are kept then. Subjects that are gone are not chosen.
     *
     * @throws IllegalStateException if that is said already
     */
    public Resync<S, ID> where(CheckedPredicate<? super S> chosen) {
        if (wish.chosen() != null) {
            throw new IllegalStateException("where is said twice; combine the conditions");
        }
        return new Resync<>(
                request,
                new Wish<>(
                        wish.tenants(),
                        wish.ids(),
                        wish.file(),
                        Objects.requireNonNull(chosen, "chosen"),
                        wish.force()));
    }

    /**
     * Whose subjects; default the one tenant of an application that has only one. Subjects that are known to be at the API are gone
     * through for every tenant, where neither ids nor a choice are named.
     *
     * @throws IllegalArgumentException if none is named
     */
    public Resync<S, ID> ofTenants(String... tenants) {
        if (tenants.length == 0) {
            throw new IllegalArgumentException("ofTenants must name a tenant at least, but names none");
        }
        return new Resync<>(
                request, new Wish<>(List.of(tenants), wish.ids(), wish.file(), wish.chosen(), wish.force()));
    }

    /**
     * Sends also what equals the document that was acknowledged last, each subject once, whatever crashes; a document in doubt may be sent
     * again, as ever. For an API that has lost or altered what it was sent. Deletes are not repeated. Dead letters are tried again.
     */
    public Resync<S, ID> force() {
        return new Resync<>(request, new Wish<>(wish.tenants(), wish.ids(), wish.file(), wish.chosen(), true));
    }

    /**
     * How many calls it takes at most, and how long these take at least under the declared limits. Counts, and builds nothing; where nothing
     * is forced, only what differs is sent: {@link SyncEngine#dryRun(SyncMachine, Iterable)} tells how much that is. A choice by {@link
     * #where} is not asked.
     *
     * @throws IllegalArgumentException if an id is none
     * @throws IllegalStateException if the subjects cannot be told
     */
    public DryRun.Estimate estimate() {
        return request.estimate(wish);
    }

    /**
     * Starts it, and returns when that is kept: from then on it goes on by itself, on whichever node runs the machine. Counts the subjects, or
     * writes the ids that are named or chosen.
     *
     * @throws IllegalArgumentException if an id is none, or some subjects of several tenants are named
     * @throws IllegalStateException if the subjects cannot be told
     */
    public ResyncRun start() {
        return request.start(wish);
    }
}
