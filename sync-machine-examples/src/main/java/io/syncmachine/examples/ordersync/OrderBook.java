package io.syncmachine.examples.ordersync;

import io.syncmachine.examples.support.Transactions;
import io.syncmachine.examples.support.Trial.SingleChange;
import jakarta.persistence.EntityManager;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** The application: changes orders, and knows nothing of any service. For one thread. */
final class OrderBook {

    private static final int PER_TRANSACTION = 20;
    private static final int DELETED_SHARE = 10;
    private static final int MOST_OF_ONE = 9;
    private static final List<String> ITEMS = List.of("lamp", "table", "chair", "shelf", "rug");

    private final Transactions transactions;
    private final List<Long> ids = new ArrayList<>();

    OrderBook(Transactions transactions) {
        this.transactions = transactions;
        transactions.run(
                entities -> ids.addAll(entities.createQuery("select o.id from Order o order by o.id", Long.class)
                        .getResultList()));
    }

    boolean isEmpty() {
        return ids.isEmpty();
    }

    long clean() throws InterruptedException {
        return delete(List.copyOf(ids));
    }

    long create(long number) throws InterruptedException {
        long last = ids.isEmpty() ? 0 : ids.get(ids.size() - 1);
        List<Long> created =
                LongStream.rangeClosed(last + 1, last + number).boxed().toList();
        ids.addAll(created);
        return transactions.forEach(created, PER_TRANSACTION, (entities, id) -> entities.persist(order(id)));
    }

    private static Order order(long id) {
        return new Order(id, ITEMS.get((int) (id % ITEMS.size())), 1 + (int) (id % MOST_OF_ONE));
    }

    /** Pays for all orders. */
    long pay() throws InterruptedException {
        return update(order -> order.setStatus("paid"));
    }

    /** Writes a note on all orders, of which the service is not told. */
    long note() throws InterruptedException {
        return update(order -> order.setNote("Leave it at the door. " + order.getNote()));
    }

    private long update(Consumer<Order> change) throws InterruptedException {
        return transactions.forEach(
                List.copyOf(ids), PER_TRANSACTION, (entities, id) -> change.accept(entities.find(Order.class, id)));
    }

    /** Deletes every tenth order. */
    long deleteSome() throws InterruptedException {
        return delete(IntStream.range(0, ids.size())
                .filter(index -> index % DELETED_SHARE == 0)
                .mapToObj(ids::get)
                .toList());
    }

    private long delete(List<Long> deleted) throws InterruptedException {
        ids.removeAll(deleted);
        return transactions.forEach(deleted, PER_TRANSACTION, OrderBook::remove);
    }

    private static void remove(EntityManager entities, Long id) {
        entities.remove(entities.find(Order.class, id));
    }

    /** Ships some orders, one by one, later. */
    List<SingleChange> ship(int number) {
        return ids.stream()
                .limit(number)
                .map(id -> new SingleChange(
                        id.toString(),
                        () -> transactions.run(
                                entities -> entities.find(Order.class, id).setStatus("shipped"))))
                .toList();
    }
}
