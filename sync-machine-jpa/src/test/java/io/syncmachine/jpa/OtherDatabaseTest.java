package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.shop.FakeApi;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.Shop;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.testing.TestDatabase;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** An engine whose entities and store are not in one database does not start. */
class OtherDatabaseTest {

    private final TestDatabase database = TestDatabase.create();
    private final TestDatabase other = TestDatabase.create();
    private final SyncMachine<Order, Long> machine = ShopMachines.orderToApi(new FakeApi());

    @BeforeEach
    void bothHaveTheTables() {
        for (DataSource dataSource : List.of(database.dataSource(), other.dataSource())) {
            try (Shop shop = Shop.on(dataSource)) {
                start(shop, dataSource).close();
            }
        }
    }

    @AfterEach
    void close() {
        database.close();
        other.close();
    }

    private SyncEngine start(Shop shop, DataSource store) {
        return SyncEngine.builder()
                .machines(machine)
                .entities(JpaEntities.of(shop.factory()))
                .store(JdbcStore.builder(store).schemaMode(SchemaMode.CREATE).build())
                .start();
    }

    private static String shown(TestDatabase database) {
        return database.url().substring(0, database.url().indexOf('?'));
    }

    @Test
    void anotherDatabaseIsRefusedAndBothAreNamed() {
        try (Shop shop = Shop.on(database.dataSource())) {
            assertThatThrownBy(() -> start(shop, other.dataSource()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(shown(database))
                    .hasMessageContaining(shown(other))
                    .hasMessageContaining("Give JdbcStore the data source of the entities")
                    .hasMessageNotContaining("user=");

            shop.inTransaction(manager -> manager.persist(new Order(1, null, "unseen")));
            try (SyncEngine engine = start(shop, database.dataSource())) {
                shop.inTransaction(manager -> manager.persist(new Order(2, null, "seen")));
                assertThat(engine.backlog()).isNotNull();
            }
        }
        assertThat(other.number("select count(*) from sync_machine_outbox")).isZero();
    }

    @Test
    void anotherSchemaIsRefused() {
        database.execute("create schema another");
        PGSimpleDataSource schema = new PGSimpleDataSource();
        schema.setUrl(database.url() + "&currentSchema=another");
        try (Shop shop = Shop.on(database.dataSource())) {
            assertThatThrownBy(() -> start(shop, schema))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("(schema public)")
                    .hasMessageContaining("(schema another)");
        }
    }

    @Test
    void anotherNameAndPoolOfTheSameDatabasePasses() {
        PGSimpleDataSource another = new PGSimpleDataSource();
        another.setUrl(database.url().replace("localhost", "127.0.0.1"));
        try (Shop shop = Shop.on(database.dataSource());
                SyncEngine engine = start(shop, another)) {
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }
}
