package io.syncmachine.examples.orders;

import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.annotation.Build;
import io.syncmachine.annotation.ListenTo;
import io.syncmachine.annotation.OnDelete;
import io.syncmachine.annotation.Publish;
import io.syncmachine.annotation.SyncMachineFor;
import io.syncmachine.annotation.UsePolicy;
import io.syncmachine.examples.support.HttpApi;
import jakarta.persistence.EntityManagerFactory;
import java.io.IOException;
import java.util.stream.Stream;

/** The machine of {@link OrderToApi} once more, declared by annotations. */
@SyncMachineFor(subject = Order.class, name = "order-to-api")
@ListenTo({"status", "customer"})
record AnnotatedOrderToApi(HttpApi api, EntityManagerFactory factory) {

    @ListenTo({"firstName", "lastName"})
    Stream<Long> orders(Customer customer) {
        return OrderToApi.orderIds(factory, customer);
    }

    @Build
    OrderDocument document(Order order) {
        return new OrderDocument(order.getId(), order.getCustomer().getFullName(), order.getStatus());
    }

    @Publish
    void put(Publication<Order, Long, OrderDocument> publication) throws IOException, InterruptedException {
        api.put("/orders/" + publication.id(), publication);
    }

    @OnDelete
    void delete(Publication<Order, Long, OrderDocument> publication) throws IOException, InterruptedException {
        api.delete("/orders/" + publication.id(), publication);
    }

    @UsePolicy
    Policy policy() {
        return OrderToApi.POLICY;
    }
}
