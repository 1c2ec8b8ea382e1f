package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.RedisClient;

class RedisWakeupsTest {

    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(RedisWakeups.class);

    private final TestRedis server = TestRedis.start("--save", "");
    private final RedisClient client = server.client();
    private final AtomicInteger wakes = new AtomicInteger();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final RedisWakeups worker = RedisWakeups.of(client);
    private final RedisWakeups host = RedisWakeups.of(server.client());

    @BeforeEach
    void begin() {
        LOGGER.setLevel(Level.INFO);
        LOGGER.setAdditive(false);
        log.start();
        LOGGER.addAppender(log);
    }

    @AfterEach
    void end() {
        worker.close();
        host.close();
        LOGGER.detachAppender(log);
        LOGGER.setAdditive(true);
        server.close();
    }

    private void open() {
        worker.open(wakes::incrementAndGet, true);
        host.open(() -> {}, false);
        await().until(() -> wakes.get() == 1);
    }

    private void awaitWake() {
        int before = wakes.get();
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    host.committed();
                    return wakes.get() > before;
                });
    }

    private List<String> lines() {
        return List.copyOf(log.list).stream()
                .map(line -> line.getLevel() + " " + line.getFormattedMessage())
                .toList();
    }

    @Test
    void areHeardByAnotherProcess() {
        open();

        host.committed();

        await().atMost(Duration.ofSeconds(5)).until(() -> wakes.get() == 2);
    }

    @Test
    void ofAProcessThatWorksWakeItAtOnceAndOthersOnlyWhereThereIsPlenty() {
        AtomicInteger own = new AtomicInteger();
        open();
        RedisWakeups other = RedisWakeups.of(client);
        other.open(own::incrementAndGet, true);
        await().until(() -> own.get() == 1);

        other.committed();
        assertThat(own.get()).isEqualTo(2);
        assertThat(wakes.get()).isEqualTo(1);

        other.plenty();
        await().atMost(Duration.ofSeconds(5)).until(() -> wakes.get() == 2);
        other.close();
    }

    @Test
    void areHeardAgainAfterTheServerWasAwayOfWhichTwoLinesTell() {
        open();
        server.kill();
        await().atMost(Duration.ofSeconds(5)).until(() -> !lines().isEmpty());
        host.committed();
        server.restart();

        awaitWake();

        assertThat(lines()).hasSize(2);
        assertThat(lines().get(0)).startsWith("WARN wake-ups of other processes are not heard over Redis");
        assertThat(lines().get(1)).isEqualTo("INFO wake-ups of other processes are heard over Redis again");
    }

    @Test
    void doNotNeedTheServerToBeThereAtTheStart() {
        server.kill();
        worker.open(wakes::incrementAndGet, true);
        host.open(() -> {}, false);
        await().atMost(Duration.ofSeconds(5)).until(() -> lines().size() == 1);
        server.restart();

        awaitWake();

        assertThat(lines()).hasSize(2);
    }

    @Test
    void areHeardAfterTheirConnectionWasChecked() {
        open();
        worker.check();
        worker.check();

        awaitWake();
        assertThat(lines()).isEmpty();
    }

    @Test
    void endWithTheirStoreAndLeaveTheClientOpen() {
        open();
        worker.close();
        int before = wakes.get();
        host.committed();

        await().until(() -> client.getPool().getNumActive() == 0);
        assertThat(client.ping()).isEqualTo("PONG");
        assertThat(wakes.get()).isEqualTo(before);
        assertThat(lines()).isEmpty();
        assertThat(server.channels()).isEmpty();
    }
}
