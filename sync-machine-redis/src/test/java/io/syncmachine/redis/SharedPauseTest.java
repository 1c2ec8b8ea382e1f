package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.Destination;
import io.syncmachine.Limits;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.PublishResult;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.ThrottledException;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import redis.clients.jedis.RedisClient;

/** Three processes that call an API, which asks one of them for a pause. */
@Tag("full")
class SharedPauseTest {

    private static final int PROCESSES = 3;
    private static final int CALLS_BEFORE = 30;
    private static final long SUBJECTS = 12_000;
    private static final Duration CALL = Duration.ofMillis(10);
    private static final Duration PAUSE = Duration.ofSeconds(4);
    private static final Duration HOLDS_WITHIN = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String THROTTLED = "throttled ";
    private static final String CALLED = "called ";

    record Order(long id) {}

    /** What a process calls; it prints when it was called, and asks for a pause when it is told to. */
    private record Api(Limits limits, AtomicBoolean throttles) implements Destination<Object, Object, Object> {

        @Override
        public String name() {
            return "api";
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
            boolean throttled = throttles.getAndSet(false);
            print((throttled ? THROTTLED : CALLED) + System.currentTimeMillis());
            if (throttled) {
                throw new ThrottledException(PAUSE);
            }
            LockSupport.parkNanos(CALL.toNanos());
            return CompletableFuture.completedFuture(PublishResult.done());
        }

        private static synchronized void print(String line) {
            System.out.println(line);
            System.out.flush();
        }
    }

    private static SyncEngine start(
            HikariDataSource pool, @Nullable RedisClient redis, Limits limits, AtomicBoolean throttles, boolean works) {
        JdbcStore.Builder store = JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE);
        if (redis != null) {
            store.limiter(RedisLimiter.of(redis));
        }
        return SyncEngine.builder()
                .machines(SyncMachine.define("orders", Order.class, Long.class)
                        .listenTo(Order.class)
                        .build(order -> order)
                        .publish(new Api(limits, throttles))
                        .policy(Policy.defaults().inFlight(2))
                        .done())
                .entities(JdbcEntities.builder(pool)
                        .entity(
                                Order.class,
                                Long.class,
                                Order::id,
                                (connection, ids) ->
                                        ids.stream().map(Order::new).toList())
                        .build())
                .store(store.build())
                .works(works)
                .start();
    }

    private static HikariDataSource pool(String url) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(4);
        return new HikariDataSource(config);
    }

    /** One of the processes: ends with its input; a line means that the API shall ask for a pause. */
    static final class Node {

        private Node() {}

        public static void main(String[] arguments) throws Exception {
            Limits limits = arguments[1].equals("counted")
                    ? Limits.none().atMost(100_000, Duration.ofSeconds(10)).inFlight(100)
                    : Limits.none();
            AtomicBoolean throttles = new AtomicBoolean();
            RedisClient redis =
                    arguments.length < 3 ? null : RedisClient.create("127.0.0.1", Integer.parseInt(arguments[2]));
            try (HikariDataSource pool = pool(arguments[0]);
                    SyncEngine engine = start(pool, redis, limits, throttles, true)) {
                while (System.in.read() == '\n') {
                    throttles.set(true);
                }
            }
        }
    }

    /** A process, and when it called. */
    private static final class Running implements AutoCloseable {

        private final Process process;
        private final List<Long> calls = new CopyOnWriteArrayList<>();
        private final List<Long> throttled = new CopyOnWriteArrayList<>();

        Running(List<String> arguments) throws IOException {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-Xmx96m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Node.class.getName()));
            command.addAll(arguments);
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            Thread reader = new Thread(this::read, "output");
            reader.setDaemon(true);
            reader.start();
        }

        private void read() {
            try (BufferedReader output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = output.readLine(); line != null; line = output.readLine()) {
                    if (line.startsWith(CALLED)) {
                        calls.add(Long.valueOf(line.substring(CALLED.length())));
                    } else if (line.startsWith(THROTTLED)) {
                        throttled.add(Long.valueOf(line.substring(THROTTLED.length())));
                    }
                }
            } catch (IOException e) {
                // it was ended
            }
        }

        void throttle() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
        }

        long callsFrom(long begin, long end) {
            return calls.stream().filter(time -> time >= begin && time < end).count();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    @ParameterizedTest
    @CsvSource({"POSTGRESQL, free", "REDIS, free", "REDIS, counted"})
    void thatOneIsAskedForHoldsAllWithinASecond(String where, String limits) throws Exception {
        try (TestDatabase database = TestDatabase.create(DatabaseKind.POSTGRESQL);
                TestRedis redis = TestRedis.start("--save", "");
                HikariDataSource pool = pool(database.url());
                SyncEngine engine = start(pool, null, Limits.none(), new AtomicBoolean(), false)) {
            engine.changed(
                    Order.class, LongStream.rangeClosed(1, SUBJECTS).boxed().toList());
            List<String> arguments = new ArrayList<>(List.of(database.url(), limits));
            if (where.equals("REDIS")) {
                arguments.add(Integer.toString(redis.port()));
            }
            List<Running> processes = new ArrayList<>();
            try {
                for (int i = 0; i < PROCESSES; i++) {
                    processes.add(new Running(arguments));
                }
                check(processes);
            } finally {
                processes.forEach(Running::close);
            }
        }
    }

    private static void check(List<Running> processes) throws IOException {
        await().atMost(PATIENCE).until(() -> processes.stream().allMatch(one -> one.calls.size() >= CALLS_BEFORE));
        Running asked = processes.get(0);
        asked.throttle();
        await().atMost(PATIENCE).until(() -> asked.throttled.size() == 1);
        long at = asked.throttled.get(0);
        long end = at + PAUSE.toMillis();
        await().atMost(PATIENCE)
                .until(() -> processes.stream().allMatch(one -> one.callsFrom(end, Long.MAX_VALUE) > 0));

        for (Running one : processes) {
            assertThat(one.callsFrom(at - HOLDS_WITHIN.toMillis(), at))
                    .as("calls just before the pause")
                    .isPositive();
            assertThat(one.callsFrom(at + HOLDS_WITHIN.toMillis(), end))
                    .as("calls in the pause, but for its first second")
                    .isZero();
        }
    }
}
