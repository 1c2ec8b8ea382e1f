package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncMachine;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nodes of an older and a newer release work together for a while. */
class DeploymentTest {

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void aDeletedSubjectIsNotForgottenByANodeWhoseMachineDoesNotListenToItYet() {
        world.start(world.orders());
        Node old = world.startAnother("old", world.store.another(), listeningToCustomersOnly());
        world.save(1, "open");
        world.run();
        assertThat(world.api.content).containsOnlyKeys("1");

        world.delete(1);
        old.threads().runAll();
        world.runAfter(Duration.ofMinutes(2));

        assertThat(world.api.content).isEmpty();
    }

    private SyncMachine<Order, Long> listeningToCustomersOnly() {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Customer.class, customer -> List.of())
                .build(World::document)
                .publish(world.api::put)
                .onDeletePublication(world.api::delete)
                .done();
    }
}
