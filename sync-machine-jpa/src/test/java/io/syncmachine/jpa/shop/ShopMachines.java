package io.syncmachine.jpa.shop;

import io.syncmachine.Policy;
import io.syncmachine.SubjectIds;
import io.syncmachine.SyncMachine;
import io.syncmachine.function.CheckedBiConsumer;
import io.syncmachine.function.CheckedConsumer;
import java.time.Duration;
import java.util.Set;

/** The machine of the tests. */
public final class ShopMachines {

    public static final String LOAD_ORDERS = "select o from Order o left join fetch o.customer where o.id in (:ids)";

    private ShopMachines() {}

    public static SyncMachine<Order, Long> orderToApi(FakeApi api) {
        return orderToApi((order, document) -> api.put(document), api::delete);
    }

    public static SyncMachine<Order, Long> orderToApi(
            CheckedBiConsumer<Order, OrderDocument> put, CheckedConsumer<Long> delete) {
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class, "status", "customer", "tags")
                .listenTo(Customer.class, Set.of("firstName", "lastName"), Customer::orderIds)
                .listenTo(OrderLine.class, SubjectIds.one(OrderLine::orderId))
                .build(Order::document)
                .publish(put)
                .onDelete(delete)
                .policy(Policy.defaults().deadline(Duration.ofMillis(500)))
                .done();
    }
}
