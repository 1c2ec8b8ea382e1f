package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.Limits;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.CallLimiter.Grant;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** Eight processes that share a limit of 100 calls in a second. */
@Tag("full")
class SharedLimitTest {

    private static final int PROCESSES = 8;
    private static final int CALLS = 100;
    private static final Duration WINDOW = Duration.ofSeconds(1);
    private static final Limits LIMITS = Limits.none().atMost(CALLS, WINDOW);
    private static final Duration RUN = Duration.ofSeconds(60);
    /** What an owner of the limit would want of it. */
    private static final int USED = 5_820;

    /** One of the processes: takes what it can, and prints when it was granted. */
    static final class Node {

        private Node() {}

        public static void main(String[] arguments) throws Exception {
            if (arguments[0].equals("redis")) {
                try (RedisClient client = RedisClient.create("127.0.0.1", Integer.parseInt(arguments[1]))) {
                    take(RedisLimiter.of(client));
                }
            } else {
                try (HikariDataSource pool = pool(arguments[1]);
                        JdbcStore store = JdbcStore.builder(pool).wakeUps(false).build()) {
                    take(store.limiter());
                }
            }
        }

        private static HikariDataSource pool(String url) {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(url);
            config.setMaximumPoolSize(1);
            return new HikariDataSource(config);
        }

        private static void take(CallLimiter limiter) throws IOException {
            limiter.pauses();
            System.out.println("ready");
            while (System.in.read() != '\n') {}
            StringBuilder grants = new StringBuilder();
            long end = System.nanoTime() + RUN.plusSeconds(2).toNanos();
            while (System.nanoTime() < end) {
                Grant grant = limiter.acquire("api", LIMITS, CALLS, Duration.ofSeconds(5));
                if (grant.calls() > 0) {
                    grants.append(grant.at()).append(' ').append(grant.calls()).append('\n');
                }
                LockSupport.parkNanos(grant.retryIn().toNanos());
            }
            System.out.print(grants);
        }
    }

    private static Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                Node.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** When each call was granted, in microseconds. */
    private static long[] grants(String... arguments) throws Exception {
        List<Process> processes = new ArrayList<>();
        List<BufferedReader> outputs = new ArrayList<>();
        try {
            for (int i = 0; i < PROCESSES; i++) {
                Process process = start(arguments);
                processes.add(process);
                outputs.add(
                        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
            }
            for (BufferedReader output : outputs) {
                String line = output.readLine();
                while (line != null && !line.equals("ready")) {
                    line = output.readLine();
                }
                assertThat(line).isEqualTo("ready");
            }
            for (Process process : processes) {
                process.getOutputStream().write('\n');
                process.getOutputStream().flush();
            }
            List<Long> times = new ArrayList<>();
            for (BufferedReader output : outputs) {
                for (String line = output.readLine(); line != null; line = output.readLine()) {
                    if (line.matches("\\d+ \\d+")) {
                        String[] numbers = line.split(" ", 2);
                        times.addAll(Collections.nCopies(Integer.parseInt(numbers[1]), Long.valueOf(numbers[0])));
                    }
                }
            }
            for (Process process : processes) {
                assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue()).isZero();
            }
            return times.stream().mapToLong(Long::longValue).sorted().toArray();
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
    }

    private static void check(String where, long[] times) {
        long shortest = Long.MAX_VALUE;
        for (int i = CALLS; i < times.length; i++) {
            shortest = Math.min(shortest, times[i] - times[i - CALLS]);
        }
        long end = times[0] + TimeUnit.NANOSECONDS.toMicros(RUN.toNanos());
        long used = Arrays.stream(times).filter(time -> time < end).count();
        System.out.printf(
                "%s: %d calls in a minute, %d µs between one and the hundredth after it%n", where, used, shortest);
        assertThat(shortest).isGreaterThanOrEqualTo(TimeUnit.NANOSECONDS.toMicros(WINDOW.toNanos()));
        assertThat(used).isGreaterThanOrEqualTo(USED);
    }

    @Test
    void isKeptInEveryWindowAndUsedOverRedis() throws Exception {
        try (TestRedis server = TestRedis.start("--save", "")) {
            check("redis", grants("redis", Integer.toString(server.port())));
        }
    }

    @Test
    void isKeptInEveryWindowAndUsedOverPostgres() throws Exception {
        try (TestDatabase database = TestDatabase.create(DatabaseKind.POSTGRESQL);
                JdbcStore store = JdbcStore.builder(database.dataSource())
                        .schemaMode(SchemaMode.CREATE)
                        .wakeUps(false)
                        .build()) {
            store.open(() -> {}, false);
            check("postgresql", grants("postgresql", database.url()));
        }
    }
}
