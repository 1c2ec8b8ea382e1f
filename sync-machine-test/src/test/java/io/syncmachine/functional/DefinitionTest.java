package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.Policy;
import io.syncmachine.Policy.Unpublishable;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import io.syncmachine.functional.World.OrderDocument;
import java.time.Duration;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is wrong with a machine is said at once, with its name and what to do. */
class DefinitionTest {

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    private static SyncMachine.Listening<Order, Long> define() {
        return SyncMachine.define("orders", Order.class, Long.class);
    }

    private static SyncMachine<Order, Long> finish(SyncMachine.Listening<Order, Long> listening) {
        return listening.build(World::document).publish((order, document) -> {}).done();
    }

    private static void refused(ThrowingCallable what, Class<? extends Exception> type, String... words) {
        assertThatThrownBy(what).isInstanceOf(type).hasMessageContainingAll(words);
    }

    @Test
    void aNameHasOnlyPlainCharacters() {
        refused(
                () -> SyncMachine.define("orders to api", Order.class, Long.class),
                IllegalArgumentException.class,
                "orders to api");
    }

    @Test
    void theSubjectIsAnEntity() {
        refused(
                () -> world.start(SyncMachine.define("orders", OrderDocument.class, Long.class)
                        .build(document -> document)
                        .publish((subject, document) -> {})
                        .done()),
                IllegalArgumentException.class,
                "orders",
                "OrderDocument",
                "[Customer, Order]");
    }

    @Test
    void theIdTypeIsThatOfTheEntity() {
        refused(
                () -> world.start(SyncMachine.define("orders", Order.class, String.class)
                        .build(World::document)
                        .publish((order, document) -> {})
                        .done()),
                IllegalArgumentException.class,
                "orders",
                "Order",
                "java.lang.Long",
                "java.lang.String",
                "define(\"orders\", Order.class, Long.class)");
        refused(
                () -> SyncMachine.define("orders", Order.class, long.class),
                IllegalArgumentException.class,
                "orders",
                "long");
    }

    @Test
    void listenedPropertiesExist() {
        refused(
                () -> world.start(finish(define().listenTo(Order.class, "status", "state"))),
                IllegalArgumentException.class,
                "orders",
                "[state]",
                "Order",
                "[customerId, id, status]",
                "did you mean 'status'?");
        refused(
                () -> world.start(finish(define().listenTo(Customer.class, Set.of("nmae"), Customer::orderIds))),
                IllegalArgumentException.class,
                "orders",
                "[nmae]",
                "Customer",
                "did you mean 'name'?");
        assertThatThrownBy(() -> world.start(finish(define().listenTo(Order.class, "warehouse"))))
                .hasMessageContaining("[warehouse]")
                .hasMessageNotContaining("mean");
    }

    @Test
    void listenedEntitiesExist() {
        refused(
                () -> world.start(finish(define().listenTo(String.class, text -> Set.of()))),
                IllegalArgumentException.class,
                "orders",
                "java.lang.String");
    }

    @Test
    void aClassIsListenedToOnce() {
        refused(
                () -> define().listenTo(Order.class, "status").listenTo(Order.class, "customerId"),
                IllegalArgumentException.class,
                "orders",
                "Order");
    }

    @Test
    void nothingIsSaidTwice() {
        refused(
                () -> define().publishWhen(order -> true).publishWhen(order -> false),
                IllegalStateException.class,
                "orders",
                "publishWhen");
        refused(
                () -> define().build(World::document)
                        .publish((order, document) -> {})
                        .onDelete(id -> {})
                        .onDelete(id -> {}),
                IllegalStateException.class,
                "orders",
                "onDelete");
    }

    @Test
    void deletingTheUnpublishableNeedsADelete() {
        refused(
                () -> define().build(World::document)
                        .publish((order, document) -> {})
                        .policy(Policy.defaults().unpublishable(Unpublishable.DELETE))
                        .done(),
                IllegalStateException.class,
                "orders",
                "onDelete");
    }

    @Test
    void remoteIdsNeedTheTypeOfTheDocument() {
        refused(
                () -> define().build(World::document)
                        .publish((order, document) -> {})
                        .remoteIdsFromApi(),
                IllegalStateException.class,
                "orders",
                "remoteIdsFromApi()");
    }

    @Test
    void remoteIdsNeedAPublishThatAnswersThem() {
        refused(
                () -> define().build(OrderDocument.class, World::document)
                        .publish((order, document) -> {})
                        .remoteIdsFromApi()
                        .done(),
                IllegalStateException.class,
                "orders",
                "remoteIdsFromApi()",
                "publishWithResult");
    }

    @Test
    void theDeadlineFitsIntoTheLease() {
        refused(
                () -> world.start(world.orders(Policy.defaults().deadline(Duration.ofSeconds(30)))),
                IllegalArgumentException.class,
                "orders",
                "deadline",
                "PT30S",
                "PT1M");
    }

    @Test
    void machinesHaveDifferentNames() {
        refused(
                () -> world.start(world.orders(), world.orders()),
                IllegalArgumentException.class,
                "'orders'",
                "a name of its own");
    }

    @Test
    void aMachinePublishes() {
        refused(
                () -> ((SyncMachine.Finishing<?, ?, ?>) define().build(World::document)).done(),
                IllegalStateException.class,
                "orders",
                "publish(…)");
    }

    @Test
    @SuppressWarnings({"unchecked", "rawtypes"}) // as one may write it without types
    void whatIsListenedToLeadsToSubjects() {
        refused(
                () -> define().listenTo((Class) Customer.class, "name"),
                IllegalArgumentException.class,
                "orders",
                "Customer",
                "listenTo(Customer.class, ");
    }

    @Test
    void anEngineHasMachinesEntitiesAndAStore() {
        refused(() -> SyncEngine.builder().start(), IllegalStateException.class, "machines");
        refused(
                () -> SyncEngine.builder().machines(world.orders()).start(),
                IllegalStateException.class,
                "entities",
                "add io.syncmachine:sync-machine-jpa");
        refused(
                () -> SyncEngine.builder()
                        .machines(world.orders())
                        .entities(world.entities)
                        .start(),
                IllegalStateException.class,
                "store",
                "add io.syncmachine:sync-machine-jdbc");
    }
}
