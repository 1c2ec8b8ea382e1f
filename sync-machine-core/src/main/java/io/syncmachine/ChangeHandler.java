package io.syncmachine;

import io.syncmachine.function.CheckedConsumer;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * An application's own logic on the changes of an entity: recomputes a total, writes a history. Durable, like a publication: runs
 * after the commit of the change, at least once, in a transaction of its own, again with backoff where it fails. Several changes of
 * one entity that come before its run are one run; those of one entity are handled one at a time. What it changes is captured like
 * any change, for machines and handlers alike: a handler that listens to what it writes itself ends as soon as it writes nothing
 * new.
 *
 * <pre>{@code
 * static final ChangeHandler<InvoiceItem> TOTALS = ChangeHandler.onChange("invoice-totals", InvoiceItem.class, change -> {
 *     EntityManager manager = change.transaction(EntityManager.class);
 *     …
 * }).listenTo("quantity", "price");
 * }</pre>
 *
 * <p>Immutable, and given to {@link SyncEngine.Builder#handlers}.
 *
 * @param <E> the entity's class
 */
public final class ChangeHandler<E> {

    private final String name;
    private final Class<E> entity;
    private final Set<String> properties;
    private final Backoff retry;
    private final CheckedConsumer<? super EntityChange<E>> handler;

    private ChangeHandler(
            String name,
            Class<E> entity,
            Set<String> properties,
            Backoff retry,
            CheckedConsumer<? super EntityChange<E>> handler) {
        this.name = name;
        this.entity = entity;
        this.properties = properties;
        this.retry = retry;
        this.handler = handler;
    }

    /**
     * A handler of all changes of a class and its subclasses.
     *
     * @param name under which its work is stored: like a machine's, unique among machines and handlers
     * @param handler called in a transaction; what it throws rolls that back, and it is called again
     * @throws IllegalArgumentException if the name is malformed
     */
    public static <E> ChangeHandler<E> onChange(
            String name, Class<E> entity, CheckedConsumer<? super EntityChange<E>> handler) {
        Names.check("handler", name);
        return new ChangeHandler<>(
                name,
                Objects.requireNonNull(entity, "entity"),
                Set.of(),
                Backoff.defaults(),
                Objects.requireNonNull(handler, "handler"));
    }

    /** The same, for updates only where one of these properties changed; creates and deletes count always. */
    public ChangeHandler<E> listenTo(String... properties) {
        return new ChangeHandler<>(name, entity, Set.of(properties), retry, handler);
    }

    /** What follows a failure; default {@link Backoff#defaults()}. */
    public ChangeHandler<E> retry(Backoff retry) {
        return new ChangeHandler<>(name, entity, properties, retry, handler);
    }

    /** Under which its work is stored. */
    public String name() {
        return name;
    }

    /** The class whose changes it handles. */
    public Class<E> entity() {
        return entity;
    }

    /** Which changed properties count in updates; empty for all. */
    public Set<String> properties() {
        return properties;
    }

    /** What follows a failure. */
    public Backoff retry() {
        return retry;
    }

    /** What is called. */
    public CheckedConsumer<? super EntityChange<E>> handler() {
        return handler;
    }

    @Override
    public String toString() {
        return "ChangeHandler[" + name + ", " + entity.getSimpleName() + new TreeSet<>(properties) + "]";
    }
}
