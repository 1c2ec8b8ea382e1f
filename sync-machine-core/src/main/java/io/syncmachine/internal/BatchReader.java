package io.syncmachine.internal;

import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EntitySource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the entities of a batch in one transaction per tenant. An item whose handling fails there (and may have broken the transaction for
 * those after it) is read again alone, so that it spoils no other. If not even that works for a single one, the source is away.
 */
final class BatchReader<E, ID, T> {

    private static final Duration ENOUGH_FAILURES = Duration.ofSeconds(5);

    /** What is done with an item; each item ends in exactly one of the three, though handling may be tried twice. */
    interface Work<T, E> {
        /** The entity was read; null if it does not exist. An exception must leave nothing half done. */
        void handle(T item, @Nullable E entity) throws Exception;

        /** Handling the item fails, or reading it while others can be read. */
        void failed(T item, Throwable failure);

        /** Nothing can be read. */
        void unread(T item, Throwable failure);
    }

    private static final Logger log = LoggerFactory.getLogger(BatchReader.class);

    private final EntitySource source;
    private final EngineClock clock;
    private final Class<E> type;
    private final Function<T, String> tenantOf;
    private final Function<T, ID> idOf;
    private final Work<T, E> work;

    BatchReader(
            EntitySource source,
            EngineClock clock,
            Class<E> type,
            Function<T, String> tenantOf,
            Function<T, ID> idOf,
            Work<T, E> work) {
        this.source = source;
        this.clock = clock;
        this.type = type;
        this.tenantOf = tenantOf;
        this.idOf = idOf;
        this.work = work;
    }

    /**
     * Reads and handles.
     *
     * @throws Exception if nothing can be read; each item was told
     */
    void read(List<T> items) throws Exception {
        Map<String, List<T>> byTenant = new LinkedHashMap<>();
        items.forEach(item -> byTenant.computeIfAbsent(tenantOf.apply(item), tenant -> new ArrayList<>())
                .add(item));
        Exception unreadable = null;
        for (Map.Entry<String, List<T>> tenant : byTenant.entrySet()) {
            try {
                read(tenant.getKey(), tenant.getValue());
            } catch (Exception e) {
                unreadable = e; // its items were told; those of other tenants may live elsewhere
            }
        }
        if (unreadable != null) {
            throw unreadable;
        }
    }

    private void read(String tenant, List<T> items) throws Exception {
        Set<T> open = new LinkedHashSet<>(items);
        try {
            source.read(tenant, type, items.stream().map(idOf).toList(), found -> handleAll(open, found));
        } catch (Exception e) {
            log.debug("reading a batch of {} failed; its items are read one by one", type.getSimpleName(), e);
        }
        if (!open.isEmpty()) {
            readAlone(tenant, List.copyOf(open), open.size() < items.size());
        }
    }

    private @Nullable Void handleAll(Set<T> open, Map<ID, E> found) {
        for (T item : List.copyOf(open)) {
            try {
                work.handle(item, found.get(idOf.apply(item)));
                open.remove(item);
            } catch (Throwable e) {
                log.debug("an item of a batch of {} failed; it is read again alone", type.getSimpleName(), e);
            }
        }
        return null;
    }

    private void readAlone(String tenant, List<T> items, boolean othersWorked) throws Exception {
        boolean worked = othersWorked;
        Exception latest = null;
        Set<T> handled = new HashSet<>();
        long start = clock.nanos();
        List<T> unreadable = new ArrayList<>();
        for (T item : items) {
            if (!worked && clock.nanos() - start > ENOUGH_FAILURES.toNanos()) {
                unreadable.add(item);
                continue;
            }
            try {
                source.read(tenant, type, List.of(idOf.apply(item)), found -> {
                    handled.add(item); // whatever becomes of the transaction after it
                    return handleOne(item, found);
                });
                worked = true;
            } catch (Exception e) {
                if (!handled.contains(item)) {
                    latest = e;
                    unreadable.add(item);
                }
            }
        }
        if (latest == null) {
            return;
        }
        for (T item : unreadable) {
            if (worked) {
                work.failed(item, latest);
            } else {
                work.unread(item, latest);
            }
        }
        if (!worked) {
            throw latest;
        }
    }

    private @Nullable Void handleOne(T item, Map<ID, E> found) {
        try {
            work.handle(item, found.get(idOf.apply(item)));
        } catch (Throwable e) {
            work.failed(item, e);
        }
        return null;
    }
}
