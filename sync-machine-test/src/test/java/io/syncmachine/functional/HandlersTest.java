package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.Backoff;
import io.syncmachine.ChangeHandler;
import io.syncmachine.ChangeKind;
import io.syncmachine.EntityChange;
import io.syncmachine.SyncEngine;
import io.syncmachine.event.Outcome;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import io.syncmachine.memory.InMemoryEntities.Transaction;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HandlersTest {

    private final World world = new World();
    private final List<Seen> seen = new ArrayList<>();

    private record Seen(ChangeKind kind, long id, boolean exists, boolean status) {}

    @AfterEach
    void close() {
        world.close();
    }

    private void see(EntityChange<Order> change) {
        seen.add(new Seen(
                change.kind(),
                change.id(Long.class),
                change.entity().isPresent(),
                change.changed().contains("status")));
    }

    private SyncEngine handle(CheckedConsumer<EntityChange<Order>> handler) {
        return world.start(builder -> builder.handlers(ChangeHandler.onChange("watch", Order.class, handler)));
    }

    @Test
    void areToldWhatHappened() {
        handle(this::see);

        world.save(1, "open");
        world.run();
        world.save(1, "sent");
        world.run();
        world.delete(1);
        world.run();

        assertThat(seen)
                .containsExactly(
                        new Seen(ChangeKind.CREATE, 1, true, true),
                        new Seen(ChangeKind.UPDATE, 1, true, true),
                        new Seen(ChangeKind.DELETE, 1, false, true));
    }

    /** A handler ends while it is counted what waits: its job is gone, and what it changed has not become one. */
    @Test
    void whatAHandlerChangesIsNotMissedByTheBacklog() {
        AtomicBoolean handled = new AtomicBoolean();
        Outbox outbox = Altered.port(Outbox.class, world.store.outbox(), Map.of("depth", (none, real) -> {
            Object depth = real.call();
            while (!handled.get()) {
                world.threads.runNext();
            }
            return depth;
        }));
        SyncEngine engine = world.start(
                builder -> builder.machines(world.orders())
                        .handlers(ChangeHandler.onChange("watch", Customer.class, change -> {
                            change.transaction(Transaction.class).save(new Order(7, "made", 1));
                            handled.set(true);
                        })),
                "node",
                world.entities,
                Altered.port(Store.class, world.store, Map.of("outbox", (none, real) -> outbox)),
                world.threads);
        world.entities.save(new Customer(1, "Ann", List.of()));
        while (world.store.outbox().depth() > 0) {
            world.threads.runNext();
        }

        assertThat(engine.backlog().isEmpty()).isFalse();
    }

    @Test
    void areToldOnceOfChangesThatCameTogether() {
        handle(this::see);

        world.save(1, "open");
        world.save(1, "sent");
        world.save(2, "open");
        world.delete(2);
        world.run();

        assertThat(seen)
                .containsExactlyInAnyOrder(
                        new Seen(ChangeKind.CREATE, 1, true, true), new Seen(ChangeKind.DELETE, 2, false, true));
    }

    @Test
    void areToldOnlyOfThePropertiesTheyListenTo() {
        world.start(builder -> builder.handlers(
                ChangeHandler.onChange("watch", Order.class, this::see).listenTo("status")));
        world.save(1, "open");
        world.run();
        seen.clear();

        world.entities.save(new Order(1, "open", 7));
        world.run();
        assertThat(seen).isEmpty();

        world.entities.save(new Order(1, "sent", 7));
        world.run();
        assertThat(seen).containsExactly(new Seen(ChangeKind.UPDATE, 1, true, true));
    }

    @Test
    void changeOtherEntitiesWhichMachinesSee() {
        world.start(builder -> builder.machines(world.orders())
                .handlers(ChangeHandler.onChange(
                        "close-orders",
                        Customer.class,
                        change -> change.entity()
                                .ifPresent(customer -> customer.orderIds()
                                        .forEach(id -> change.transaction(Transaction.class)
                                                .save(new Order(id, "of " + customer.name(), customer.id())))))));

        world.entities.save(new Customer(7, "Ada", List.of(1L, 2L)));
        world.run();

        assertThat(world.api.content)
                .containsEntry("1", World.json(1, "of Ada"))
                .containsEntry("2", World.json(2, "of Ada"));
    }

    @Test
    void thatListenToWhatTheyWriteEndWhenTheyWriteNothingNew() {
        handle(change -> {
            see(change);
            change.transaction(Transaction.class).save(new Order(1, "normal", 0));
        });

        world.save(1, "odd");
        world.run();

        assertThat(seen).hasSize(2);
        assertThat(world.entities.find(Order.class, 1L)).contains(new Order(1, "normal", 0));
    }

    @Test
    void thatFailAreTriedAgainAndChangeNothingBefore() {
        handle(change -> {
            see(change);
            if (change.attempt() < 3) {
                change.transaction(Transaction.class).save(new Order(2, "half done", 0));
                throw new IllegalStateException("not yet");
            }
            change.transaction(Transaction.class).save(new Customer(1, "done", List.of()));
        });

        world.save(1, "open");
        for (int i = 0; i < 5; i++) {
            world.runAfter(Duration.ofMinutes(1));
        }

        assertThat(seen).hasSize(3).containsOnly(new Seen(ChangeKind.CREATE, 1, true, true));
        assertThat(world.entities.find(Order.class, 2L)).isEmpty();
        assertThat(world.entities.find(Customer.class, 1L)).isPresent();
    }

    @Test
    void thatAlwaysFailEndAsDeadLettersAndHinderNoOthers() {
        SyncEngine engine = world.start(builder ->
                builder.handlers(ChangeHandler.onChange("watch", Order.class, (EntityChange<Order> change) -> {
                            see(change);
                            if (change.id(Long.class) == 1) {
                                throw new IllegalStateException("never");
                            }
                        })
                        .retry(Backoff.none())));

        world.save(1, "open");
        world.save(2, "open");
        world.run();

        assertThat(seen).extracting(Seen::id).containsExactlyInAnyOrder(1L, 2L);
        assertThat(engine.backlog().parked()).isEqualTo(1);
        assertThat(engine.backlog().jobs()).isZero();
    }

    @Test
    void areCalledAgainWhereTheirNodeDiesBeforeTheirJobIsComplete() {
        handle(change -> {
            see(change);
            if (seen.size() == 1) {
                throw new Error("as if the process died");
            }
        });

        world.save(1, "open");
        world.run();
        world.runAfter(World.LEASE.plusSeconds(2));

        assertThat(seen).hasSize(2);
    }

    @Test
    void areCalledByOneOfSeveralNodes() {
        ChangeHandler<Order> handler = ChangeHandler.onChange("watch", Order.class, this::see);
        world.start(builder -> builder.handlers(handler));
        Node other = world.startAnother("other", builder -> builder.handlers(handler));

        world.save(1, "open");
        world.run();
        other.threads().runAll();

        assertThat(seen).hasSize(1);
    }

    @Test
    void getTheirChangesFromNodesThatDoNotKnowThem() {
        world.start(builder -> builder.works(false).handlers(ChangeHandler.onChange("watch", Order.class, this::see)));
        Node relays = world.startAnother("relays", builder -> builder.machines(world.orders()));
        world.save(1, "open");
        relays.threads().runAll();
        assertThat(world.store.jobs().find(JobKey.findSubjects(Change.DEFAULT_TENANT, "watch", "Order", "1")))
                .isPresent();

        Node handles = world.startAnother(
                "handles", builder -> builder.handlers(ChangeHandler.onChange("watch", Order.class, this::see)));
        handles.threads().runAll();

        assertThat(seen).containsExactly(new Seen(ChangeKind.CREATE, 1, true, true));
    }

    @Test
    void hearOfTheApplicationsOwnEvents() {
        SyncEngine engine = handle(this::see);
        world.save(1, "open");
        world.run();
        seen.clear();

        engine.changed(Order.class, List.of(1L));
        world.run();

        assertThat(seen).containsExactly(new Seen(ChangeKind.UPDATE, 1, true, true));
    }

    @Test
    void tellEventsOfTheirOwn() {
        world.start(builder -> builder.machines(world.orders())
                .handlers(ChangeHandler.onChange(
                        "tell", Customer.class, change -> change.events().changed(Order.class, List.of(1L)))));
        world.save(1, "open");
        world.run();
        List<Outcome> before = List.copyOf(world.outcomes);

        world.entities.save(new Customer(7, "Ada", List.of()));
        world.run();

        assertThat(world.outcomes).hasSize(before.size() + 1);
    }

    @Test
    void areCheckedWhenTheEngineStarts() {
        assertThatThrownBy(() -> world.start(builder -> builder.handlers(
                        ChangeHandler.onChange("watch", Order.class, this::see).listenTo("colour"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("handler 'watch'")
                .hasMessageContaining("colour")
                .hasMessageContaining("status");
        assertThatThrownBy(() -> world.start(
                        builder -> builder.handlers(ChangeHandler.onChange("watch", String.class, change -> {}))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("handler 'watch'")
                .hasMessageContaining("String");
        assertThatThrownBy(() -> world.start(builder -> builder.machines(world.orders())
                        .handlers(ChangeHandler.onChange(World.MACHINE, Order.class, this::see))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two")
                .hasMessageContaining(World.MACHINE);
        assertThatThrownBy(() -> ChangeHandler.onChange("a b", Order.class, this::see))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'a b'");
    }
}
