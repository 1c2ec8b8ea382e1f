package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the application tells by itself. */
class EventsTest {

    private final World world = new World();
    private final FakeApi api = world.api;

    /** Something that a document shows and that no entity holds, so that only the application knows when it changes. */
    private final AtomicReference<String> rate = new AtomicReference<>("1.00");

    @AfterEach
    void close() {
        world.close();
    }

    private SyncMachine.Listening<Order, Long> define(String name) {
        return SyncMachine.define(name, Order.class, Long.class);
    }

    private SyncMachine<Order, Long> machine(SyncMachine.Listening<Order, Long> listening) {
        return listening
                .build(order -> order.status() + " at " + rate.get())
                .publish(api::put)
                .done();
    }

    private void save(long... ids) {
        for (long id : ids) {
            world.entities.save(new Order(id, "open", 7));
        }
        world.run();
        api.calls.clear();
    }

    @Test
    void anEntityThatIsSaidToHaveChangedIsLookedAtWhateverItsProperties() {
        SyncEngine engine = world.start(machine(define("orders").listenTo(Order.class, "status")));
        save(1, 2);
        rate.set("1.10");

        engine.changed(new Order(1, "open", 7));
        world.run();

        assertThat(api.content).containsEntry("1", "\"open at 1.10\"").containsEntry("2", "\"open at 1.00\"");
    }

    @Test
    void nothingIsSentIfItsDocumentIsTheSame() {
        SyncEngine engine = world.start(machine(define("orders").listenTo(Order.class)));
        save(1);

        engine.changed(new Order(1, "open", 7));
        world.run();

        assertThat(api.calls).isEmpty();
    }

    @Test
    void entitiesMayBeToldByTheirIds() {
        SyncEngine engine = world.start(machine(define("orders").listenTo(Order.class)));
        save(1, 2, 3);
        rate.set("1.10");

        engine.changed(Order.class, List.of(1L, 3L));
        world.run();

        assertThat(api.calls).hasSize(2);
        assertThat(api.content).containsEntry("1", "\"open at 1.10\"").containsEntry("3", "\"open at 1.10\"");
    }

    @Test
    void aFinderIsAskedAsForACapturedChange() {
        SyncEngine engine = world.start(
                machine(define("orders").listenTo(Order.class).listenTo(Customer.class, Customer::orderIds)));
        Customer ada = new Customer(7, "Ada", List.of(1L, 2L));
        world.entities.save(ada);
        save(1, 2, 3);
        rate.set("1.10");

        engine.changed(ada);
        world.run();

        assertThat(api.calls).hasSize(2);
    }

    @Test
    void aMachineThatListensToNothingCanBeTold() {
        SyncMachine<Order, Long> silent = machine(define("silent"));
        SyncEngine engine = world.start(silent);
        save(1);
        assertThat(api.content).isEmpty();

        engine.changed(new Order(1, "open", 7));
        world.run();
        assertThat(api.content).containsEntry("1", "\"open at 1.00\"");
    }

    @Test
    void oneMachineCanBeToldAlone() {
        FakeApi other = new FakeApi();
        SyncMachine<Order, Long> first = machine(define("first").listenTo(Order.class));
        SyncMachine<Order, Long> second = define("second")
                .listenTo(Order.class)
                .build(order -> rate.get())
                .publish(other::put)
                .done();
        SyncEngine engine = world.start(first, second);
        save(1);
        other.calls.clear();
        rate.set("1.10");

        engine.changed(second, new Order(1, "open", 7));
        world.run();

        assertThat(api.calls).isEmpty();
        assertThat(other.calls).hasSize(1);
    }

    @Test
    void namedEventsReachTheMachinesThatListenToThem() {
        SyncEngine engine = world.start(
                machine(define("orders").listenToEvent("order-shipped")),
                define("others").build(Order::status).publish(api::put).done());
        save(1);

        engine.signal("order-shipped", new Order(1, "open", 7));
        world.run();

        assertThat(api.calls).hasSize(1);
        assertThat(api.content).containsEntry("1", "\"open at 1.00\"");
    }

    @Test
    void namedEventsMayHaveAFinder() {
        SyncEngine engine = world.start(
                machine(define("orders").listenToEvent("customer-moved", Customer.class, Customer::orderIds)));
        Customer ada = new Customer(7, "Ada", List.of(1L, 2L));
        world.entities.save(ada);
        save(1, 2, 3);

        engine.signal("customer-moved", ada);
        world.run();

        assertThat(api.content).containsOnlyKeys("1", "2");
    }

    @Test
    void eventsJoinATransaction() {
        SyncEngine engine = world.start(machine(define("orders").listenToEvent("order-shipped")));
        save(1);

        assertThatThrownBy(() -> world.entities.transaction(transaction -> {
                    engine.in(transaction).signal("order-shipped", new Order(1, "open", 7));
                    throw new IllegalStateException("rolled back");
                }))
                .hasMessage("rolled back");
        world.run();
        assertThat(api.calls).isEmpty();

        world.entities.transaction(
                transaction -> engine.in(transaction).signal("order-shipped", new Order(1, "open", 7)));
        world.run();
        assertThat(api.calls).hasSize(1);
    }

    @Test
    void whatConcernsNobodyIsRefusedByName() {
        SyncMachine<Order, Long> orders = machine(define("orders").listenToEvent("order-shipped"));
        SyncEngine engine = world.start(orders);
        assertThatThrownBy(() -> engine.changed(new Customer(7, "Ada", List.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Customer");
        assertThatThrownBy(() -> engine.changed(orders, new Customer(7, "Ada", List.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("orders")
                .hasMessageContaining("Customer");
        assertThatThrownBy(() -> engine.signal("order-lost", new Order(1, "open", 7)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("order-lost");
        assertThatThrownBy(() -> engine.signal("order-shipped", new Customer(7, "Ada", List.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("orders")
                .hasMessageContaining("Customer");
        assertThatThrownBy(() -> engine.changed(Order.class, List.of("one")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("java.lang.Long")
                .hasMessageContaining("one");
        assertThatThrownBy(() -> engine.in("a string").signal("order-shipped", new Order(1, "open", 7)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("java.lang.String");
    }

    @Test
    void eventNamesAreChecked() {
        assertThatThrownBy(() -> define("orders").listenToEvent("order shipped"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("order shipped");
        assertThatThrownBy(() -> define("orders").listenToEvent("a").listenToEvent("a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'a'");
    }
}
