package io.syncmachine.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole demonstrations are run here in the profile full only: what the project is checked with runs them by their script. */
class DemoTest {

    private static final String[] KEYS = {
        "example",
        "changes",
        "needed",
        "calls",
        "unchanged",
        "wrong",
        "overlapping",
        "seconds",
        "callsPerSecond",
        "idleLatencyMedianMs",
        "deadLetters",
        "settled"
    };

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        return Demo.run(new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), args);
    }

    private JsonNode json() throws Exception {
        List<String> lines = out.toString(UTF_8).lines().toList();
        return new ObjectMapper().readTree(lines.get(lines.size() - 1));
    }

    @Test
    @Tag("full")
    void ordersStayInStepThoughTheWorkerIsKilled() throws Exception {
        int exit = run("--orders", "60", "--customers", "6", "--seed", "7", "--json");

        assertThat(exit).as(out.toString(UTF_8) + err.toString(UTF_8)).isZero();
        JsonNode results = json();
        assertThat(results.fieldNames()).toIterable().containsExactly(KEYS);
        assertThat(results.at("/wrong").asLong()).isZero();
        assertThat(results.at("/overlapping").asLong()).isZero();
        assertThat(results.at("/needed").asLong()).isGreaterThan(60);
        assertThat(results.at("/calls").asLong())
                .isGreaterThanOrEqualTo(results.at("/needed").asLong());
        assertThat(results.at("/changes").asLong())
                .isGreaterThan(results.at("/calls").asLong());
        assertThat(results.at("/callsPerSecond").asDouble()).isPositive();
        assertThat(results.at("/idleLatencyMedianMs").asDouble()).isPositive();
        assertThat(results.has("unchanged")).isTrue();
        assertThat(results.at("/seconds").asDouble()).isPositive();
        assertThat(out.toString(UTF_8)).contains("kill -9", "warehouses", "total");
    }

    @Test
    @Tag("full")
    void northwindGetsThroughThoughTheApiFailsForAWhile() throws Exception {
        Path sql = Path.of(Objects.requireNonNull(DemoTest.class.getResource("/northwind-small.sql"))
                .toURI());
        try (FlakyApi api = new FlakyApi(4)) {
            int exit = run("northwind", "--sql", sql.toString(), "--api", api.url(), "--json");

            assertThat(exit).as(out.toString(UTF_8) + err.toString(UTF_8)).isZero();
            assertThat(api.failures()).isEqualTo(4);
            assertThat(api.documents().keySet()).containsExactlyInAnyOrder("/orders/1", "/orders/2", "/orders/3");
            JsonNode first = new ObjectMapper().readTree(api.documents().get("/orders/1"));
            assertThat(first.at("/customer").asText()).isEqualTo("New O'Hara \"Fine\" Foods");
            assertThat(first.at("/total").decimalValue()).isEqualByComparingTo("36.75");
            JsonNode nobodys = new ObjectMapper().readTree(api.documents().get("/orders/3"));
            assertThat(nobodys.at("/customer").isNull()).isTrue();
            assertThat(nobodys.at("/lines")).isEmpty();
        }
        assertThat(json().at("/wrong").asLong()).isZero();
        assertThat(out.toString(UTF_8)).containsPattern("note +1 +0 +0 +0 +0");
    }

    @Test
    void northwindNeedsNoFindersWherePathsAreDeclared() throws Exception {
        Path sql = Path.of(Objects.requireNonNull(DemoTest.class.getResource("/northwind-small.sql"))
                .toURI());
        int exit = run("northwind", "--declared", "--sql", sql.toString(), "--json");

        assertThat(exit).as(out.toString(UTF_8) + err.toString(UTF_8)).isZero();
        assertThat(json().at("/wrong").asLong()).isZero();
        assertThat(out.toString(UTF_8)).containsPattern("line +1 +1 +1 +0 +0").containsPattern("note +1 +0 +0 +0 +0");
    }

    @Test
    @Tag("full")
    void orderSyncKeepsTheLimitsOfAServiceThatFailsNowAndThen() throws Exception {
        int exit = run("order-sync", "--orders", "30", "--json");

        assertThat(exit).as(out.toString(UTF_8) + err.toString(UTF_8)).isZero();
        JsonNode results = json();
        assertThat(results.fieldNames()).toIterable().startsWith(KEYS);
        assertThat(results.at("/example").asText()).isEqualTo("order-sync");
        assertThat(results.at("/needed").asLong()).isEqualTo(30 + 30 + 3 + 20);
        assertThat(results.at("/calls").asLong()).isGreaterThanOrEqualTo(83);
        assertThat(results.at("/mostInFlight").asLong()).isBetween(1L, 10L);
        assertThat(results.at("/mostInWindow").asLong()).isBetween(1L, 1_000L);
        assertThat(results.at("/idleLatencyMedianMs").asDouble()).isPositive();
    }

    @Test
    @Tag("full")
    void aThirdPartyIsAskedAndToldOnceAMinuteThoughItIsDownForAWhile() throws Exception {
        int exit = run("third-party", "--clock-factor", "120", "--records", "6", "--json");

        assertThat(exit).as(out.toString(UTF_8) + err.toString(UTF_8)).isZero();
        JsonNode results = json();
        assertThat(results.fieldNames()).toIterable().startsWith(KEYS);
        assertThat(results.at("/needed").asLong()).isEqualTo(6 + 2 + 4 + 2 + 4);
        assertThat(results.at("/fetchesInMinute").asLong()).isOne();
        assertThat(results.at("/northInMinute").asLong()).isOne();
        assertThat(results.at("/southInMinute").asLong()).isOne();
        assertThat(results.at("/callsWhileDown").asLong()).isBetween(1L, 12L);
        assertThat(results.at("/deletedTwice").asLong()).isZero();
        assertThat(results.at("/toldWrongly").asLong()).isZero();
    }

    @Test
    void ordersInMongoStayInStepWithoutSql() throws Exception {
        int exit = run("orders-mongo", "--orders", "30", "--customers", "5", "--json");

        assertThat(exit).as(out.toString(UTF_8) + err.toString(UTF_8)).isZero();
        JsonNode results = json();
        assertThat(results.fieldNames()).toIterable().containsExactly(KEYS);
        assertThat(results.at("/example").asText()).isEqualTo("orders-mongo");
        assertThat(results.at("/wrong").asLong()).isZero();
        assertThat(results.at("/needed").asLong()).isGreaterThan(30 + 30 + 3);
        assertThat(results.at("/calls").asLong())
                .isGreaterThanOrEqualTo(results.at("/needed").asLong());
        assertThat(results.at("/idleLatencyMedianMs").asDouble()).isPositive();
        assertThat(out.toString(UTF_8)).containsPattern("streets +5 +0 +0 ");
    }

    @Test
    @Tag("full")
    void totalsAndDocumentsFollowWhatPlainSqlChanges() throws Exception {
        int exit = run("invoice-totals", "--json");

        assertThat(exit).as(out.toString(UTF_8) + err.toString(UTF_8)).isZero();
        JsonNode results = json();
        assertThat(results.fieldNames()).toIterable().startsWith(KEYS);
        assertThat(results.at("/example").asText()).isEqualTo("invoice-totals");
        assertThat(results.at("/wrong").asLong()).isZero();
        assertThat(results.at("/drifts").asLong()).isZero();
        assertThat(results.at("/deadLetters").asLong()).isZero();
        assertThat(results.at("/needed").asLong()).isGreaterThan(1_000);
        assertThat(out.toString(UTF_8)).containsPattern("notes +1,200 +0 +0 +0 +0");
    }

    @Test
    void namesTheExamples() {
        assertThat(run("--list")).isZero();
        assertThat(out.toString(UTF_8).lines())
                .containsExactly("orders", "northwind", "order-sync", "orders-mongo", "third-party", "invoice-totals");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--frobnicate                          | Unknown option: '--frobnicate'",
                "shop                                  | there is no example 'shop'; there are orders, northwind, order-sync, orders-mongo, third-party, invoice-totals",
                "--orders many                         | --orders",
                "--customers 0                         | --customers must be at least 1, but is 0",
                "--api ftp://localhost                 | --api must be an http or https URL",
                "--database jdbc:mysql://localhost/x   | --database must begin with jdbc:postgresql:",
                "--user me                             | --user and --password are for --database",
                "northwind                             | northwind needs --sql FILE",
                "northwind --sql no-such-file          | --sql no-such-file is not a file that can be read",
                "orders --declared                     | --declared is no option of orders",
                "northwind --sql pom.xml --seed 3      | --seed is no option of northwind",
                "order-sync --customers 3              | --customers is no option of order-sync",
                "third-party --clock-factor 151        | --clock-factor must be at most 150, but is 151",
                "third-party --records 5               | --records must be at least 6, but is 5",
                "invoice-totals --orders 9             | --orders is no option of invoice-totals",
                "order-sync --records 9                | --records is no option of order-sync",
                "orders --mongo mongodb://localhost    | --mongo is no option of orders",
                "orders-mongo --database jdbc:postgresql://localhost/x | --database is no option of orders-mongo",
                "order-sync --orders 0                 | --orders must be at least 1, but is 0",
            })
    void refusesACommandLineThatItDoesNotUnderstand(String arguments, String message) {
        assertThat(run(arguments.split(" +"))).isEqualTo(2);
        assertThat(err.toString(UTF_8)).contains(message).contains("./demo --help");
        assertThat(out.toString(UTF_8)).isEmpty();
    }

    @Test
    void saysThatNoApiIsThere() throws Exception {
        int unused;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            unused = socket.getLocalPort();
        }
        assertThat(run("--api", "http://localhost:" + unused)).isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("nothing listens at http://localhost:" + unused);
    }
}
