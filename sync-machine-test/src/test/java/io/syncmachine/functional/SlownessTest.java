package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncMachine;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.EntitySource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the application does takes long. */
class SlownessTest {

    private static final int MANY = 32;

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void documentsThatTakeLongToBuildAreSentAllTheSame() {
        world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(order -> {
                    world.clock.advance(Duration.ofSeconds(2));
                    return World.document(order);
                })
                .publish(world.api::put)
                .policy(World.POLICY)
                .done());
        world.entities.save(LongStream.range(0, MANY)
                .mapToObj(id -> new Order(id, "open", 0))
                .toArray());

        for (int step = 0; step < 100; step++) {
            world.threads.runNext();
        }

        assertThat(world.api.content).hasSize(MANY);
        assertThat(world.api.calls).hasSize(MANY);
    }

    @Test
    void documentsThatTakeMostOfALeaseToReadAreSentAllTheSame() {
        EntitySource slow = Altered.port(EntitySource.class, world.entities, Map.of("read", (arguments, real) -> {
            world.clock.advance(World.LEASE.multipliedBy(3).dividedBy(4));
            return real.call();
        }));
        world.start("node", slow, world.store, world.threads, world.orders());
        world.save(1, "open");

        world.run();

        assertThat(world.api.calls).hasSize(1);
    }

    @Test
    void entitiesWhoseSubjectsTakeLongToFindAreNotLookedAtByOthersMeanwhile() {
        List<String> looks = new ArrayList<>();
        Node other = world.startAnother("other", world.store.another(), findingSlowly(looks, "other", () -> {}));
        world.start(findingSlowly(looks, "own", other.threads()::runAll));
        world.entities.save(LongStream.range(0, MANY)
                .mapToObj(id -> new Customer(id, "Ada", List.of()))
                .toArray());

        world.run();

        assertThat(looks).hasSize(MANY).containsOnly("own");
    }

    private SyncMachine<Order, Long> findingSlowly(List<String> looks, String node, Runnable meanwhile) {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Customer.class, customer -> {
                    looks.add(node);
                    world.clock.advance(Duration.ofSeconds(10));
                    meanwhile.run();
                    return customer.orderIds();
                })
                .build(World::document)
                .publish(world.api::put)
                .done();
    }
}
