package io.syncmachine.jpa.shop;

import static org.awaitility.Awaitility.await;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.JpaEntities;
import java.time.Duration;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;

/** One process of the application: its entity manager factory and its engine. */
public record Node(Shop shop, SyncEngine engine, boolean outlived) implements AutoCloseable {

    /** A node that publishes. */
    public static Node working(DataSource dataSource, SyncMachine<?, ?> machine) {
        return start(dataSource, machine, engine -> engine);
    }

    /** A node that captures only. */
    public static Node capturing(DataSource dataSource, SyncMachine<?, ?> machine) {
        return start(dataSource, machine, engine -> engine.works(false));
    }

    /** A node with further settings. */
    public static Node start(
            DataSource dataSource, SyncMachine<?, ?> machine, UnaryOperator<SyncEngine.Builder> settings) {
        Shop shop = Shop.on(dataSource);
        return new Node(shop, settings.apply(engine(shop, dataSource, machine)).start(), false);
    }

    /** A node that publishes, on a factory that outlives it. */
    public static Node on(Shop shop, DataSource dataSource, SyncMachine<?, ?> machine) {
        return new Node(shop, engine(shop, dataSource, machine).start(), true);
    }

    private static SyncEngine.Builder engine(Shop shop, DataSource dataSource, SyncMachine<?, ?> machine) {
        return SyncEngine.builder()
                .machines(machine)
                .entities(JpaEntities.of(shop.factory()).loading(Order.class, ShopMachines.LOAD_ORDERS))
                .store(JdbcStore.builder(dataSource)
                        .schemaMode(SchemaMode.CREATE)
                        .build());
    }

    /** Waits until nothing is left to do. */
    public void settle() {
        await().atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> engine.backlog().isEmpty());
    }

    @Override
    public void close() {
        engine.close();
        if (!outlived) {
            shop.close();
        }
    }
}
