package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.jpa.shop.FakeApi;
import io.syncmachine.jpa.shop.Node;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.OrderDocument;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import io.syncmachine.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rights that the documentation lists are enough: its lists are granted here as they stand there. */
@OnEveryDatabase(except = {DatabaseKind.H2, DatabaseKind.MARIADB_BY_MYSQL_DRIVER})
class GrantsTest {

    private static final Path PAGE = Path.of("../docs/databases.md");
    private static final List<String> ENTITIES = List.of("Customer", "orders", "OrderLine", "Order_tags");

    private final TestDatabase database;
    private final FakeApi api = new FakeApi();

    GrantsTest(DatabaseKind kind) {
        database = TestDatabase.create(kind);
    }

    /** The tables are made by who may make them. */
    @BeforeEach
    void makeTablesAndUsers() throws IOException {
        Node.capturing(database.dataSource(), ShopMachines.orderToApi(api)).close();
        makeUser("shop_host");
        makeUser("shop_worker");
        grant("a node that captures");
        grant("a node that works");
        for (String table : ENTITIES) {
            database.execute("grant select, insert, update, delete on " + table + " to shop_host");
            database.execute("grant select on " + table + " to shop_worker");
        }
    }

    private void makeUser(String name) {
        if (database.kind().isLikeMySql()) {
            database.execute("drop user if exists " + name);
            database.execute("create user " + name + " identified by 'secret'");
        } else if (database.number("select count(*) from pg_roles where rolname = '" + name + "'") == 0) {
            database.execute("create role " + name + " login password 'secret'");
        }
    }

    private void grant(String who) throws IOException {
        String where = database.kind().isLikeMySql() ? "MariaDB and MySQL" : "PostgreSQL";
        Matcher list = Pattern.compile("-- " + who + ", on " + where + "\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(PAGE));
        assertThat(list.find()).as("a list for " + who + " on " + where).isTrue();
        list.group(1).lines().forEach(line -> database.execute(line.replace(";", "")));
    }

    private DataSource as(String user) {
        return database.anotherPool(10, user, "secret");
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void theListedRightsAreEnoughToCaptureAndToWork() {
        try (Node host = Node.capturing(as("shop_host"), ShopMachines.orderToApi(api));
                Node worker = Node.working(as("shop_worker"), ShopMachines.orderToApi(api))) {
            host.shop().inTransaction(manager -> {
                manager.persist(new Order(1, null, "new"));
                manager.persist(new Order(2, null, "new"));
            });
            worker.settle();
            host.shop().inTransaction(manager -> {
                manager.find(Order.class, 1L).setStatus("paid");
                manager.remove(manager.find(Order.class, 2L));
            });
            worker.settle();
        }
        assertThat(api.documents()).containsOnly(Map.entry(1L, new OrderDocument(1, null, "paid")));
        assertThat(database.number("select count(*) from sync_machine_journal")).isGreaterThanOrEqualTo(4);
    }

    /** Else the test would prove nothing. */
    @Test
    void aHostMayNotReadTheOutbox() {
        DataSource host = as("shop_host");
        assertThatThrownBy(() -> {
                    try (var connection = host.getConnection();
                            var statement = connection.createStatement()) {
                        statement.executeQuery("select * from sync_machine_outbox");
                    }
                })
                .hasMessageContaining("outbox");
    }
}
