package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Backoff;
import io.syncmachine.ChangedProperties;
import io.syncmachine.SubjectIds;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FindingTest {

    private final World world = new World();
    private final FakeApi api = world.api;

    @AfterEach
    void close() {
        world.close();
    }

    /** Orders are published with the name of their customer. */
    private SyncMachine<Order, Long> machine(SyncMachine.Listening<Order, Long> listening) {
        return listening
                .build(order -> world.entities
                        .find(Customer.class, order.customerId())
                        .map(Customer::name)
                        .orElse("nobody"))
                .publish(api::put)
                .done();
    }

    private SyncMachine.Listening<Order, Long> define() {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class).listenTo(Order.class);
    }

    private void twoOrdersOfAda() {
        world.entities.save(
                new Customer(7, "Ada", List.of(1L, 2L)),
                new Order(1, "open", 7),
                new Order(2, "open", 7),
                new Order(3, "open", 8));
        world.run();
        assertThat(api.content)
                .containsOnly(Map.entry("1", "\"Ada\""), Map.entry("2", "\"Ada\""), Map.entry("3", "\"nobody\""));
        api.calls.clear();
        world.outcomes.clear();
    }

    private void rename(String name) {
        world.entities.save(new Customer(7, name, List.of(1L, 2L)));
        world.run();
    }

    @Test
    void findsTheSubjectsOfAnotherEntity() {
        SyncEngine engine = world.start(machine(define().listenTo(Customer.class, Customer::orderIds)));
        twoOrdersOfAda();

        rename("Augusta");

        assertThat(api.content).containsEntry("1", "\"Augusta\"").containsEntry("2", "\"Augusta\"");
        assertThat(api.calls).hasSize(2);
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void findsTheSubjectsOfADeletedEntity() {
        world.start(machine(define().listenTo(Customer.class, Customer::orderIds)));
        twoOrdersOfAda();

        world.entities.delete(Customer.class, 7L);
        world.run();

        assertThat(api.content).containsEntry("1", "\"nobody\"").containsEntry("2", "\"nobody\"");
        assertThat(api.calls).hasSize(2);
    }

    @Test
    void looksOnlyWhenAListenedPropertyChanges() {
        SyncEngine engine = world.start(machine(define().listenTo(Customer.class, Set.of("name"), Customer::orderIds)));
        twoOrdersOfAda();

        world.entities.save(new Customer(7, "Ada", List.of(1L, 2L, 3L)));
        assertThat(engine.backlog().changes()).isZero();

        rename("Augusta");
        assertThat(api.calls).hasSize(2);
    }

    @Test
    void tellsTheFinderWhatChanged() {
        List<ChangedProperties> told = new ArrayList<>();
        world.start(machine(define().listenTo(Customer.class, (customer, changed) -> {
            told.add(changed);
            return changed.contains("name") ? customer.orderIds() : List.of();
        })));
        twoOrdersOfAda();
        told.clear();

        world.entities.save(new Customer(7, "Ada", List.of(1L, 2L, 3L)));
        world.run();
        rename("Augusta");

        assertThat(told)
                .containsExactly(
                        ChangedProperties.of(Set.of("orderIds")), ChangedProperties.of(Set.of("name", "orderIds")));
        assertThat(api.calls).hasSize(2);
    }

    @Test
    void tellsTheFinderAllThatChangedWhileItsJobWaited() {
        List<ChangedProperties> told = new ArrayList<>();
        world.start(machine(define().listenTo(Customer.class, (customer, changed) -> {
            told.add(changed);
            return List.of();
        })));
        twoOrdersOfAda();
        told.clear();

        world.entities.save(new Customer(7, "Augusta", List.of(1L, 2L)));
        world.entities.save(new Customer(7, "Augusta", List.of(1L)));
        world.run();

        assertThat(told).containsExactly(ChangedProperties.of(Set.of("name", "orderIds")));
    }

    @Test
    void takesOneId() {
        world.start(machine(define().listenTo(
                        Customer.class,
                        SubjectIds.one(
                                (Customer customer) -> customer.orderIds().get(0)))));
        twoOrdersOfAda();

        rename("Augusta");

        assertThat(api.calls).extracting(FakeApi.Call::id).containsExactly("1");
    }

    @Test
    void takesAStreamAndClosesIt() {
        List<String> closed = new ArrayList<>();
        world.start(machine(define().listenTo(
                        Customer.class,
                        SubjectIds.stream((Customer customer) ->
                                customer.orderIds().stream().onClose(() -> closed.add(customer.name()))))));
        twoOrdersOfAda();
        closed.clear();

        rename("Augusta");

        assertThat(api.calls).hasSize(2);
        assertThat(closed).containsExactly("Augusta");
    }

    @Test
    void takesAsManyAsThereAre() {
        SyncEngine engine = world.start(machine(define().listenTo(
                        Customer.class,
                        SubjectIds.stream((Customer customer) ->
                                LongStream.range(0, 3_000).boxed()))));

        world.entities.save(new Customer(7, "Ada", List.of()));
        world.run();

        assertThat(world.outcomes)
                .hasSize(3_000)
                .extracting(outcome -> outcome.result())
                .containsOnly(Result.NOT_PUBLISHABLE);
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void takesNullForNone() {
        SyncEngine engine = world.start(machine(define().listenTo(Customer.class, customer -> null)));
        twoOrdersOfAda();

        rename("Augusta");
        world.entities.delete(Customer.class, 7L);
        world.run();

        assertThat(api.calls).isEmpty();
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void leavesOtherEntitiesAloneIfAFinderFails() {
        SyncEngine engine = world.start(machine(define().listenTo(Customer.class, customer -> {
            if (customer.name().equals("poison")) {
                throw new IllegalStateException("finder");
            }
            return customer.orderIds();
        })));
        twoOrdersOfAda();

        world.entities.save(new Customer(8, "poison", List.of(3L)), new Customer(7, "Augusta", List.of(1L)));
        world.run();
        assertThat(api.calls).extracting(FakeApi.Call::id).containsExactly("1");
        assertThat(engine.backlog().jobs()).isEqualTo(1);

        world.entities.save(new Customer(8, "Grace", List.of(3L)));
        world.run();
        world.runAfter(World.LEASE);
        assertThat(api.content).containsEntry("3", "\"Grace\"");
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void refusesIdsOfAnotherType() {
        @SuppressWarnings({"unchecked", "rawtypes"}) // a mistake that the compiler would refuse
        Iterable<Long> wrong = (Iterable) List.of("1");
        SyncEngine engine = world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Customer.class, customer -> wrong)
                .build(World::document)
                .publish(api::put)
                .policy(World.POLICY.retry(Backoff.none()))
                .done());

        world.entities.save(new Customer(7, "Ada", List.of()));
        world.run();

        assertThat(engine.backlog().parked()).isEqualTo(1);
    }
}
