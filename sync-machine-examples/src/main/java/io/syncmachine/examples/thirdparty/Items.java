package io.syncmachine.examples.thirdparty;

import io.syncmachine.examples.support.Transactions;
import jakarta.persistence.LockModeType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The items in the database. */
final class Items {

    private final Transactions transactions;

    Items(Transactions transactions) {
        this.transactions = transactions;
        transactions.run(entities -> {
            if (entities.find(FetchMark.class, FetchMark.THE_ONE) == null) {
                entities.persist(new FetchMark());
            }
        });
    }

    /** Whether a fetch is due; then the next one is due that much later, on all nodes. */
    boolean fetchIsDue(Duration interval) {
        boolean[] due = new boolean[1];
        transactions.run(entities -> {
            FetchMark mark = entities.find(FetchMark.class, FetchMark.THE_ONE, LockModeType.PESSIMISTIC_WRITE);
            Instant now = Instant.now();
            due[0] = !now.isBefore(mark.getDue());
            if (due[0]) {
                mark.setDue(now.plus(interval));
            }
        });
        return due[0];
    }

    /** Makes the items what the third party says that they are. */
    void apply(List<FetchedItem> fetched) {
        Map<Long, FetchedItem> byId = fetched.stream().collect(Collectors.toMap(FetchedItem::id, Function.identity()));
        List<Long> gone = new ArrayList<>();
        transactions.run(entities -> {
            for (Item item :
                    entities.createQuery("select i from Item i", Item.class).getResultList()) {
                FetchedItem known = byId.remove(item.getId());
                if (known == null) {
                    gone.add(item.getId());
                } else {
                    item.apply(known);
                }
            }
            byId.values().forEach(added -> entities.persist(new Item(added)));
        });
        gone.forEach(this::delete);
    }

    /** Deletes an item, unless somebody else does; who is second waits for the row, and finds it gone. */
    boolean delete(Long id) {
        boolean[] deleted = new boolean[1];
        transactions.run(entities -> {
            Item item = entities.find(Item.class, id, LockModeType.PESSIMISTIC_WRITE);
            if (item != null) {
                entities.remove(item);
                deleted[0] = true;
            }
        });
        return deleted[0];
    }

    /** All of them, as the third party would tell them. */
    Map<Long, FetchedItem> all() {
        Map<Long, FetchedItem> all = new TreeMap<>();
        transactions.run(entities -> entities.createQuery("select i from Item i", Item.class)
                .getResultList()
                .forEach(item -> all.put(
                        item.getId(),
                        new FetchedItem(item.getId(), item.getRegion(), item.getName(), item.getCents()))));
        return all;
    }

    /** A change of our own. */
    void rename(Long id, String name) {
        transactions.run(entities -> entities.find(Item.class, id).setName(name));
    }
}
