package io.syncmachine.examples.ordersync;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.syncmachine.Limits;
import io.syncmachine.examples.support.Database;
import io.syncmachine.examples.support.Report;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("full")
class OrderSyncExampleTest {

    private static final Limits FEW =
            Limits.none().atMost(30, Duration.ofSeconds(1)).inFlight(3);

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private JsonNode run(Settings settings) throws Exception {
        Report report = OrderSyncExample.run(settings, FEW, new PrintStream(out, true, UTF_8));
        report.print(new PrintStream(out, true, UTF_8));
        assertThat(report.isGood()).as(out.toString(UTF_8)).isTrue();
        return new ObjectMapper().readTree(report.json("order-sync"));
    }

    @Test
    void usesItsLimitsUpButNeverMoreAndCleansWhatAnEarlierRunLeft() throws Exception {
        try (Database database = Database.open(null)) {
            JsonNode first = run(new Settings(40, true, null, database.access(), null));

            assertThat(first.at("/mostInFlight").asInt()).isEqualTo(3);
            assertThat(first.at("/mostInWindow").asInt()).isBetween(20, 30);
            assertThat(first.at("/needed").asInt()).isEqualTo(40 + 40 + 4 + 20);
            assertThat(out.toString(UTF_8)).doesNotContain("clean ");

            JsonNode second = run(new Settings(5, true, null, database.access(), null));

            assertThat(second.at("/needed").asInt()).isEqualTo(36 + 5 + 5 + 1 + 4);
            assertThat(out.toString(UTF_8)).contains("clean ");
        }
    }
}
