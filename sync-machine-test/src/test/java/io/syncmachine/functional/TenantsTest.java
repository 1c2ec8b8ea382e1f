package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.syncmachine.ChangeHandler;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.SubjectKey;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TenantsTest {

    private final World world = new World();
    private final List<String> tenants = new ArrayList<>();
    private final SyncMachine<Order, Long> machine = SyncMachine.define(World.MACHINE, Order.class, Long.class)
            .listenTo(Order.class)
            .build(World::document)
            .publish(publication -> {
                tenants.add(publication.tenant());
                world.api.put(publication);
            })
            .onDeletePublication(world.api::delete)
            .policy(World.POLICY.inFlight(1))
            .done();

    @BeforeEach
    void tellTenants() {
        world.entities.tenants(entity -> entity instanceof Order order && order.customerId() < 100 ? "small" : "big");
    }

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void arePartOfWhatIsKeptAndTold() {
        SyncEngine engine = world.start(machine);

        world.entities.save(new Order(1, "open", 7), new Order(2, "open", 700));
        world.run();

        assertThat(tenants).containsExactlyInAnyOrder("small", "big");
        assertThat(world.outcomes).extracting(Outcome::tenant).containsExactlyInAnyOrder("small", "big");
        assertThat(world.store.payloads().find(new SubjectKey("small", World.MACHINE, "1")))
                .isPresent();
        assertThat(world.store.payloads().find(new SubjectKey(Change.DEFAULT_TENANT, World.MACHINE, "1")))
                .isEmpty();
        assertThat(world.store.journal().read(new SubjectKey("big", World.MACHINE, "2"), 10))
                .hasSize(1);
        assertThat(engine.explain(machine, "big", 2L).known()).isPresent();
        assertThat(engine.explain(machine, "small", 2L).known()).isEmpty();
    }

    @Test
    void doNotSeeEachOthersEntities() {
        SyncEngine engine = world.start(machine);
        world.entities.save(new Order(2, "open", 700));
        world.run();

        engine.ofTenant("small").changed(Order.class, List.of(2L));
        world.run();

        assertThat(world.api.calls).hasSize(1);
        assertThat(world.outcomes.get(1).result()).isEqualTo(Outcome.Result.NOT_PUBLISHABLE);
    }

    @Test
    void areToldByTheEntityInOwnEvents() {
        SyncEngine engine = world.start(machine);
        Order order = new Order(2, "open", 700);
        world.entities.save(order);
        world.run();

        engine.changed(order);
        world.run();

        assertThat(world.outcomes).extracting(Outcome::tenant).containsExactly("big", "big");
    }

    @Test
    void areThoseOfTheChangeInAHandlersEvents() {
        world.start(builder -> builder.machines(machine)
                .handlers(ChangeHandler.onChange(
                        "tell", World.Customer.class, change -> change.events().changed(Order.class, List.of(2L)))));
        world.entities.save(new Order(2, "open", 700));
        world.run();

        world.entities.save(new World.Customer(700, "Ada", List.of()));
        world.run();

        assertThat(world.outcomes).extracting(Outcome::tenant).containsExactly("big", "big");
        assertThat(world.outcomes.get(1).result()).isEqualTo(Outcome.Result.UNCHANGED);
    }

    @Test
    void areDeletedApart() {
        world.start(machine);
        world.entities.save(new Order(2, "open", 700));
        world.run();

        world.delete(2);
        world.run();

        assertThat(world.outcomes)
                .extracting(Outcome::tenant, Outcome::result)
                .containsExactly(tuple("big", Outcome.Result.PUBLISHED), tuple("big", Outcome.Result.DELETED));
    }

    @Test
    void doNotStarveBehindAnothersBacklog() {
        world.start(machine);
        List<Order> orders = new ArrayList<>();
        for (long id = 1; id <= 1_000; id++) {
            orders.add(new Order(id, "open", 700));
        }
        for (long id = 1_001; id <= 1_010; id++) {
            orders.add(new Order(id, "open", 7)); // relayed after all of the big tenant's
        }
        world.entities.save(orders.toArray());
        world.run();

        assertThat(tenants).hasSize(1_010);
        assertThat(tenants.lastIndexOf("small")).isLessThan(60);
    }
}
