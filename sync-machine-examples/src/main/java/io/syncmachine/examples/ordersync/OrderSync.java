package io.syncmachine.examples.ordersync;

import io.syncmachine.Backoff;
import io.syncmachine.FailureKind;
import io.syncmachine.Limits;
import io.syncmachine.Policy;
import io.syncmachine.SyncMachine;
import io.syncmachine.http.HttpDestination;
import java.net.URI;
import java.time.Duration;

/** Keeps the service in step with the orders, and within its limits. */
final class OrderSync {

    /** Of all nodes together. */
    static final Limits LIMITS =
            Limits.none().atMost(1_000, Duration.ofSeconds(10)).inFlight(10);

    static final Policy POLICY = Policy.defaults()
            .deadline(Duration.ofSeconds(2))
            .retry(Backoff.exponential(Duration.ofMillis(100), Duration.ofSeconds(5)));

    private OrderSync() {}

    /** The service, which knows orders by our ids; a create that is repeated has the same idempotency key. */
    static HttpDestination service(URI address, Limits limits) {
        return HttpDestination.to(address.toString())
                .name("order-service")
                .post("/orders")
                .put("/orders/{id}")
                .delete("/orders/{id}")
                .onStatus(503, FailureKind.notAccepted()) // so says its documentation; else it might have been applied
                .limits(limits)
                .build();
    }

    static SyncMachine<Order, Long> machine(HttpDestination service, LifeCycle lifeCycle) {
        return SyncMachine.define("order-sync", Order.class, Long.class)
                .listenTo(Order.class, "item", "quantity", "status")
                .build(order ->
                        new OrderDocument(order.getId(), order.getItem(), order.getQuantity(), order.getStatus()))
                .publish(service)
                .afterPublish((order, document) -> lifeCycle.published(order.getId()))
                .afterDelete(lifeCycle::deleted)
                .onDeadLetter(lifeCycle::givenUp)
                .policy(POLICY)
                .done();
    }
}
