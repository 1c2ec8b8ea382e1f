package io.syncmachine;

import io.syncmachine.function.CheckedFunction;
import io.syncmachine.internal.Auditor;
import io.syncmachine.internal.Auditor.Task;
import io.syncmachine.spi.Change;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Finds out whether the API holds what the database says: builds documents anew, and compares them with what the API has acknowledged, or
 * with what it tells. Each of these methods answers a copy with one thing changed.
 *
 * <pre>{@code
 * AuditReport report = engine.audit(ORDER_TO_API).sample(0.01).run();
 * }</pre>
 *
 * <p>Changes nothing, sends nothing and takes constant memory, unless it is to {@linkplain #heal heal}. A subject whose change is committed,
 * but no job yet, may be found to have drifted; it is mended all the same. Immutable; safe for use by several threads.
 *
 * @param <S> the subject's class
 * @param <ID> its id's class
 */
public final class Audit<S, ID> {

    private final Auditor<S, ID, ?> auditor;
    private final Task<ID> task;

    /**
     * A subject that the API is asked about.
     *
     * @param tenant whose subject
     * @param id its id
     * @param remoteId the API's own id of it, if it gave one
     */
    public record Subject<ID>(String tenant, ID id, Optional<String> remoteId) {}

    private Audit(Auditor<S, ID, ?> auditor, Task<ID> task) {
        this.auditor = auditor;
        this.task = task;
    }

    static <S, ID> Audit<S, ID> of(Auditor<S, ID, ?> auditor) {
        return new Audit<>(auditor, new Task<>(List.of(Change.DEFAULT_TENANT), null, 1, null, 0, 0));
    }

    /**
     * Only these subjects. Gone through once, and closed then if it is {@link AutoCloseable}.
     *
     * @throws IllegalArgumentException at its use, if some subjects of several tenants are named
     */
    public Audit<S, ID> ids(Iterable<? extends ID> ids) {
        return new Audit<>(auditor, task.withIds(Objects.requireNonNull(ids, "ids")));
    }

    /**
     * Only such a part of them, each drawn by chance and others every time; default all.
     *
     * @param fraction above zero, at most one
     * @throws IllegalArgumentException if out of range
     */
    public Audit<S, ID> sample(double fraction) {
        if (!(fraction > 0 && fraction <= 1)) {
            throw new IllegalArgumentException("sample must be above zero and at most one, but is " + fraction);
        }
        return new Audit<>(auditor, task.withFraction(fraction));
    }

    /**
     * Whose subjects; default the one tenant of an application that has only one. Subjects that are known to be at the API are gone
     * through for every tenant, where no ids are named.
     *
     * @throws IllegalArgumentException if none is named
     */
    public Audit<S, ID> ofTenants(String... tenants) {
        if (tenants.length == 0) {
            throw new IllegalArgumentException("ofTenants must name a tenant at least, but names none");
        }
        return new Audit<>(auditor, task.withTenants(List.of(tenants)));
    }

    /**
     * Asks the API, too, about each subject that agrees with the record of what was acknowledged, and about those that should not be there.
     *
     * @param reader tells the document that the API holds, as JSON in the form in which it is sent, but in any order and spacing; empty if
     *     it holds none. Leaves out what the API adds. Called on the thread that runs the audit, outside of transactions
     * @param perSecond how many subjects are asked about in a second at most, from 1 on; the declared limits do not count these calls
     * @throws IllegalArgumentException if out of range
     */
    public Audit<S, ID> against(CheckedFunction<Subject<ID>, Optional<String>> reader, int perSecond) {
        if (perSecond < 1) {
            throw new IllegalArgumentException("perSecond must be at least 1, but is " + perSecond);
        }
        return new Audit<>(auditor, task.withReader(Objects.requireNonNull(reader, "reader"), perSecond));
    }

    /**
     * Has subjects that drifted published in the background lane: what is missing or differs is sent even if it equals what was acknowledged, and
     * what should not be there is deleted.
     *
     * @param perSecond how many are enqueued in a second at most, from 1 on
     * @throws IllegalArgumentException if out of range
     */
    public Audit<S, ID> heal(int perSecond) {
        if (perSecond < 1) {
            throw new IllegalArgumentException("perSecond must be at least 1, but is " + perSecond);
        }
        return new Audit<>(auditor, task.withHealing(perSecond));
    }

    /**
     * Runs it on the current thread, to its end.
     *
     * @throws IllegalStateException if the subjects cannot be gone through, or the engine is closed meanwhile
     */
    public AuditReport run() {
        return auditor.run(task);
    }
}
