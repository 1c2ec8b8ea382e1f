package io.syncmachine.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeHandler;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the triggers add to an update of many rows, in ratios of one run: the kinds of triggers take turns. */
@Tag("full")
class CostTest {

    private static final Logger log = LoggerFactory.getLogger(CostTest.class);
    private static final int ROWS = 200_000;
    private static final int SINGLE_ROWS = 3_000;
    private static final int ROUNDS = 7;
    private static final String MANY = "update article set price = price + 1";
    private static final String IRRELEVANT = "update article set remark = 'r' || price";

    private enum Kind {
        NONE,
        ROW,
        STATEMENT
    }

    record Article(long id, String name, String price, int stock, String remark) {}

    private final TestDatabase database = TestDatabase.create();

    @AfterEach
    void close() {
        database.close();
    }

    private PostgresTriggers.Builder triggers() {
        return PostgresTriggers.builder(JdbcEntities.builder(database.dataSource())
                        .entity(
                                Article.class,
                                Long.class,
                                Article::id,
                                (connection, ids) -> List.of(),
                                it -> it.table("article"))
                        .build())
                .handlers(ChangeHandler.onChange("articles", Article.class, change -> {})
                        .listenTo("name", "price", "stock"));
    }

    @Test
    void anUpdateOfManyRowsCostsLessThanWithTriggersForEachRow() throws SQLException {
        Invoices.createStore(database.dataSource());
        database.execute(
                "create table article (id bigint primary key, name text, price numeric(12, 2), stock int, remark text)");
        database.execute(
                "insert into article select i, 'article ' || i, i % 1000, i % 100, 'remark ' || i from generate_series(1, "
                        + ROWS + ") i");
        Map<Kind, List<Double>> many = times();
        Map<Kind, List<Double>> irrelevant = times();
        Map<Kind, List<Double>> single = times();
        for (int round = 0; round <= ROUNDS; round++) {
            for (Kind kind : Kind.values()) {
                prepare(kind);
                double millis = millis(MANY);
                double without = millis(IRRELEVANT);
                double one = singleRows();
                if (round > 0) { // the first warms up
                    of(many, kind).add(millis);
                    of(irrelevant, kind).add(without);
                    of(single, kind).add(one);
                }
            }
        }
        tell("update of " + ROWS + " rows", many);
        tell("the same of a column that nobody listens to", irrelevant);
        tell(SINGLE_ROWS + " updates of one row", single);

        assertThat(median(many, Kind.STATEMENT) / median(many, Kind.ROW)).isLessThanOrEqualTo(0.9);
        assertThat(median(irrelevant, Kind.STATEMENT) / median(irrelevant, Kind.NONE))
                .isLessThanOrEqualTo(1.3);
    }

    private static Map<Kind, List<Double>> times() {
        Map<Kind, List<Double>> times = new EnumMap<>(Kind.class);
        for (Kind kind : Kind.values()) {
            times.put(kind, new ArrayList<>());
        }
        return times;
    }

    private static List<Double> of(Map<Kind, List<Double>> times, Kind kind) {
        return Objects.requireNonNull(times.get(kind));
    }

    private void prepare(Kind kind) throws SQLException {
        database.execute("alter table article enable trigger user");
        switch (kind) {
            case NONE -> database.execute("alter table article disable trigger user");
            case ROW -> triggers().forEachRow().build().apply(database.dataSource());
            case STATEMENT -> triggers().build().apply(database.dataSource());
        }
    }

    /** In a session whose plans were made for single rows, as those of a pool are. */
    private double millis(String update) throws SQLException {
        database.execute("truncate sync_machine_outbox");
        database.execute("vacuum (analyze) article");
        database.execute("checkpoint");
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            for (int i = 1; i <= 10; i++) {
                statement.execute(update + " where id = " + i);
            }
            long start = System.nanoTime();
            statement.execute(update);
            return (System.nanoTime() - start) / 1e6;
        }
    }

    private double singleRows() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            long start = System.nanoTime();
            for (int i = 1; i <= SINGLE_ROWS; i++) {
                statement.execute(MANY + " where id = " + i);
            }
            return (System.nanoTime() - start) / 1e6;
        }
    }

    private static double median(Map<Kind, List<Double>> times, Kind kind) {
        List<Double> sorted = of(times, kind).stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }

    private static void tell(String what, Map<Kind, List<Double>> times) {
        double none = median(times, Kind.NONE);
        double row = median(times, Kind.ROW);
        double statement = median(times, Kind.STATEMENT);
        log.info(String.format(
                Locale.ENGLISH,
                "%s: none %.0f ms, per row %.0f ms, per statement %.0f ms; per statement is %.2f of per row and %.2f of none",
                what,
                none,
                row,
                statement,
                statement / row,
                statement / none));
    }
}
