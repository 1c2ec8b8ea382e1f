package io.syncmachine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class OutageLinesTest {

    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(Outage.class);
    private final Throwable gone = new IllegalStateException("gone");

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private long nanos;
    private final Outage outage = new Outage(
            "node",
            new EngineClock() {
                @Override
                public long nanos() {
                    return nanos;
                }

                @Override
                public Instant now() {
                    return Instant.EPOCH;
                }
            },
            failure -> failure == gone);

    @BeforeEach
    void begin() {
        LOGGER.setLevel(Level.INFO);
        LOGGER.setAdditive(false);
        log.start();
        LOGGER.addAppender(log);
    }

    @AfterEach
    void end() {
        LOGGER.detachAppender(log);
        LOGGER.setAdditive(true);
        LOGGER.setLevel(null);
    }

    private void pass(Duration duration) {
        nanos += duration.toNanos();
    }

    private void assertLines(String... parts) {
        assertThat(log.list).hasSize(parts.length);
        for (int i = 0; i < parts.length; i++) {
            assertThat(log.list.get(i).getFormattedMessage()).contains(parts[i]);
        }
    }

    @Test
    void anOutageIsTwoLines() {
        outage.isSeen("relay", gone);
        outage.isSeen("worker", gone);
        outage.isSeen("relay", gone);
        pass(Duration.ofSeconds(5));
        outage.isOverFor("relay");
        outage.isOverFor("relay");
        assertLines("is away");

        outage.isOverFor("worker");

        assertLines("is away", "store is back");
    }

    @Test
    void isNotOverAsLongAsConnectionsThatBrokeTurnUp() {
        outage.isSeen("relay", gone);
        for (int i = 0; i < 10; i++) {
            pass(Duration.ofMillis(500));
            outage.isOverFor("relay");
            outage.isSeen("worker", gone);
            outage.isOverFor("worker");
        }
        assertLines("is away");

        pass(Duration.ofSeconds(1));
        outage.isOverFor("relay");

        assertLines("is away", "store is back");
    }

    @Test
    void theNextOneIsToldAgain() {
        outage.isSeen("relay", gone);
        pass(Duration.ofSeconds(1));
        outage.isOverFor("relay");
        outage.isSeen("relay", gone);

        assertLines("is away", "store is back", "is away");
    }

    @Test
    void otherFailuresAreNone() {
        assertThat(outage.isSeen("relay", new IllegalArgumentException())).isFalse();

        assertLines();
    }
}
