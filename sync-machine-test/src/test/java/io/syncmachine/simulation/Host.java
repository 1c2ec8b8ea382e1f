package io.syncmachine.simulation;

import io.syncmachine.ChangedProperties;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.simulation.Snapshot.Item;
import io.syncmachine.simulation.Snapshot.Part;
import io.syncmachine.simulation.Snapshot.Shelf;
import io.syncmachine.spi.Change;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The application: changes entities in transactions, which take their time, overlap and are sometimes rolled back. */
final class Host {

    private static final List<String> VALUES = List.of("a", "b", "c");

    final InMemoryEntities entities = InMemoryEntities.create()
            .type(Item.class, Long.class, Item::id)
            .type(Shelf.class, Long.class, Shelf::id)
            .type(Part.class, Long.class, Part::id);

    private final World world;
    private Snapshot committed = Snapshot.EMPTY;
    private final NavigableMap<Long, Snapshot> history = new TreeMap<>();
    private long transactions;
    private long committing;

    private static final class RolledBack extends RuntimeException {
        RolledBack() {
            super("rolled back", null, false, false);
        }
    }

    Host(World world) {
        this.world = world;
    }

    Snapshot committed() {
        return committed;
    }

    /** What was committed at an earlier moment. */
    Snapshot committedBefore(long time) {
        Map.Entry<Long, Snapshot> next = history.higherEntry(time);
        return next == null ? committed : next.getValue();
    }

    /** The number of the transaction that is being committed. */
    long transaction() {
        return committing;
    }

    /**
     * The change as a source tells it that knows old values; and what it referred to before as a subject of its own, if the source asks
     * finders of moved entities at once.
     */
    List<Change> asCaptured(Change change) {
        if (!change.type().equals("Part") || change.changed().isAll()) {
            return List.of(change);
        }
        Part before = committed.parts().get(Long.parseLong(change.id()));
        if (before == null || !change.changed().contains("item")) {
            return List.of(change);
        }
        String item = Long.toString(before.item());
        Change moved = withChanged(change, change.type(), change.id(), change.changed().withOldReference("item", item));
        return world.plan.asksFindersAtOnce
                ? List.of(moved, withChanged(change, "#Part", item, ChangedProperties.all()))
                : List.of(moved);
    }

    private static Change withChanged(Change change, String type, String id, ChangedProperties changed) {
        return new Change(change.tenant(), type, id, change.kind(), changed, change.machines(), change.trace());
    }

    /** Begins transactions until the time is over. */
    void work(long until) {
        begin();
        long pause = random(2 * world.plan.transactionEvery);
        if (world.random.nextInt(4) == 0) {
            pause = random(200 * Plan.MILLI);
        }
        if (world.now() + pause < until) {
            world.scheduler.once(null, "host", pause, () -> work(until));
        }
    }

    private void begin() {
        long number = ++transactions;
        List<Consumer<InMemoryEntities.Transaction>> changes = new ArrayList<>();
        int count = 1 + (world.random.nextInt(3) == 0 ? world.random.nextInt(4) : 0);
        for (int i = 0; i < count; i++) {
            changes.add(change());
        }
        boolean aborts = world.faults.strikes(Fault.TRANSACTION_ABORTED);
        long takes = world.random.nextInt(3) == 0 ? random(3 * Plan.SECOND) : random(20 * Plan.MILLI);
        world.scheduler.once(null, "host", takes, () -> commit(number, changes, aborts));
    }

    private void commit(long number, List<Consumer<InMemoryEntities.Transaction>> changes, boolean aborts) {
        committing = number;
        Snapshot before = committed;
        Snapshot[] after = {before};
        writing = after;
        try {
            entities.transaction(transaction -> {
                changes.forEach(change -> change.accept(transaction));
                if (aborts) {
                    throw new RolledBack();
                }
            });
        } catch (RolledBack e) {
            world.log(() -> "transaction " + number + " is rolled back");
            return;
        }
        history.putIfAbsent(world.now(), before);
        committed = after[0];
        world.log(() -> "transaction " + number + ": " + committed.brief());
    }

    private Snapshot[] writing;
    /** Parts that were moved; where finders are not asked at once they are not deleted any more, for nobody could tell what they were part of. */
    private final Set<Long> moved = new HashSet<>();

    private Consumer<InMemoryEntities.Transaction> change() {
        long id = 1L + (world.random.nextBoolean() ? 0 : world.random.nextInt(world.plan.items));
        int what = world.random.nextInt(100);
        if (what < 45) {
            String value = VALUES.get(world.random.nextInt(VALUES.size()));
            String refused = Api.REFUSED;
            boolean bad = world.faults.mayStrike(Fault.API_REJECTS) && world.random.nextInt(6) == 0;
            return changeItem(id, item -> new Item(id, bad ? refused : value, item.shelf(), item.published()));
        }
        if (what < 55) {
            return changeItem(id, item -> new Item(id, item.value(), item.shelf(), !item.published()));
        }
        if (what < 62) {
            long shelf = shelf();
            return changeItem(id, item -> new Item(id, item.value(), shelf, item.published()));
        }
        if (what < 72) {
            return transaction -> delete(transaction, Item.class, id);
        }
        if (what < 82) {
            Shelf shelf = new Shelf(shelf(), "s" + world.random.nextInt(3));
            return transaction -> save(transaction, shelf);
        }
        if (what < 84) {
            long shelf = shelf();
            return transaction -> delete(transaction, Shelf.class, shelf);
        }
        if (world.plan.parts == 0) {
            return transaction -> {};
        }
        long part = 1L + world.random.nextInt(world.plan.parts);
        if (what < 94) {
            long item = 1L + world.random.nextInt(world.plan.items);
            return transaction -> {
                Part before = writing[0].parts().get(part);
                if (before != null && before.item() != item) {
                    moved.add(part);
                }
                save(transaction, new Part(part, "p" + part, item));
            };
        }
        return transaction -> {
            if (world.plan.asksFindersAtOnce || !moved.contains(part)) {
                delete(transaction, Part.class, part);
            }
        };
    }

    private long shelf() {
        return 1L + world.random.nextInt(world.plan.shelves);
    }

    private Consumer<InMemoryEntities.Transaction> changeItem(long id, java.util.function.UnaryOperator<Item> change) {
        long shelf = shelf();
        return transaction -> {
            Item before = writing[0].items().get(id);
            save(transaction, change.apply(before == null ? new Item(id, "new", shelf, true) : before));
        };
    }

    private void save(InMemoryEntities.Transaction transaction, Object entity) {
        transaction.save(entity);
        writing[0] = writing[0].with(entity);
    }

    private void delete(InMemoryEntities.Transaction transaction, Class<?> type, long id) {
        transaction.delete(type, id);
        writing[0] = writing[0].without(type, id);
    }

    private long random(long below) {
        return (long) (world.random.nextDouble() * below);
    }
}
