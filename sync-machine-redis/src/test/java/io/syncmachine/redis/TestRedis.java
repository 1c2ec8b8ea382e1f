package io.syncmachine.redis;

import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.embedded.core.ExecutableProvider;

/** A Redis server of its own, in a process that can be killed and started again with what it has kept. */
public final class TestRedis implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int SLOTS = 16_384;
    private static final AtomicInteger prefixes = new AtomicInteger();
    private static @Nullable TestRedis shared;
    private static @Nullable File executable;

    private final Path folder;
    private final int port;
    private final List<String> settings;
    private final List<RedisClient> clients = new ArrayList<>();
    private Process process;

    private TestRedis(Path folder, int port, List<String> settings) throws IOException {
        this.folder = folder;
        this.port = port;
        this.settings = settings;
        this.process = launch();
    }

    /** One for all tests that leave it alone; it keeps nothing on the disk. */
    static synchronized TestRedis shared() {
        if (shared == null) {
            TestRedis server = start("--save", "", "--appendonly", "no");
            Runtime.getRuntime().addShutdownHook(new Thread(server::close));
            shared = server;
        }
        return shared;
    }

    public static TestRedis start(String... settings) {
        try {
            return new TestRedis(Files.createTempDirectory("redis"), freePort(), List.of(settings));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One that follows another, and has what that has now. */
    public static TestRedis replicaOf(TestRedis primary) {
        TestRedis replica = start("--save", "");
        try (Jedis jedis = new Jedis("127.0.0.1", replica.port())) {
            jedis.replicaof("127.0.0.1", primary.port());
            await().atMost(PATIENCE).until(() -> jedis.info("replication").contains("master_link_status:up"));
        }
        return replica;
    }

    /** Makes a replica follow nobody: it goes on with what it has got. */
    public void promote() {
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            jedis.replicaofNoOne();
        }
    }

    /** Several servers that share the slots of a cluster. */
    static List<TestRedis> startCluster(int size) {
        List<TestRedis> servers = IntStream.range(0, size)
                .mapToObj(i -> start("--save", "", "--cluster-enabled", "yes"))
                .toList();
        for (int i = 0; i < size; i++) {
            try (Jedis node = new Jedis("127.0.0.1", servers.get(i).port())) {
                node.clusterAddSlots(IntStream.range(i * SLOTS / size, (i + 1) * SLOTS / size)
                        .toArray());
                node.clusterMeet("127.0.0.1", servers.get(0).port());
            }
        }
        servers.forEach(server -> {
            try (Jedis node = new Jedis("127.0.0.1", server.port())) {
                await().atMost(PATIENCE).until(() -> isComplete(node, size));
            }
        });
        return servers;
    }

    private static boolean isComplete(Jedis node, int size) {
        return node.clusterInfo().contains("cluster_state:ok")
                && node.clusterNodes()
                                .lines()
                                .filter(line -> line.contains("-"))
                                .count()
                        >= size
                && node.clusterInfo().contains("cluster_known_nodes:" + size);
    }

    private static int freePort() throws IOException {
        // A node of a cluster also uses the port that is higher by 10,000.
        while (true) {
            try (ServerSocket socket = new ServerSocket(0)) {
                if (socket.getLocalPort() < 55_000) {
                    return socket.getLocalPort();
                }
            }
        }
    }

    private static synchronized File executable() throws IOException {
        if (executable == null) {
            executable = ExecutableProvider.newJarResourceProvider(
                            Files.createTempDirectory("redis").toFile())
                    .get();
        }
        return executable;
    }

    private Process launch() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                executable().getAbsolutePath(),
                "--port",
                "" + port,
                "--bind",
                "127.0.0.1",
                "--dir",
                folder.toString()));
        command.addAll(settings);
        Process launched = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(10)).until(this::answers);
        return launched;
    }

    private boolean answers() {
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            return jedis.ping().equals("PONG");
        } catch (JedisException e) {
            return false;
        }
    }

    public int port() {
        return port;
    }

    HostAndPort address() {
        return new HostAndPort("127.0.0.1", port);
    }

    /** A client with a pool of its own, which ends with the server. */
    synchronized RedisClient client() {
        RedisClient client = RedisClient.create("127.0.0.1", port);
        clients.add(client);
        return client;
    }

    /** A prefix that no other test has. */
    static String prefix() {
        return "test-" + prefixes.incrementAndGet();
    }

    String setting(String name) {
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            return String.valueOf(jedis.configGet(name).get(name));
        }
    }

    void set(String name, String value) {
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            jedis.configSet(name, value);
        }
    }

    /** Makes a user. */
    void allow(String user, String... rules) {
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            jedis.aclSetUser(user, rules);
        }
    }

    /** Those that somebody hears. */
    List<String> channels() {
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            return jedis.pubsubChannels();
        }
    }

    /** Forgets everything. */
    public void flush() {
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            jedis.flushAll();
        }
    }

    /** As after a restart, or on a replica that took over. */
    void forgetScripts() {
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            jedis.scriptFlush();
        }
    }

    /** Ends the process without a word. */
    public void kill() {
        try {
            process.destroyForcibly();
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("the server does not die");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops the process, and lets it go on after a while. */
    public void pause(Duration duration) {
        signal("STOP");
        try {
            await().pollDelay(duration).atMost(PATIENCE).until(() -> true);
        } finally {
            signal("CONT");
        }
    }

    private void signal(String name) {
        try {
            int failed = new ProcessBuilder("kill", "-" + name, "" + process.pid())
                    .start()
                    .waitFor();
            if (failed != 0) {
                throw new IllegalStateException("the server is not told to " + name);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts it again after it was killed; its clients forget their broken connections. */
    public void restart() {
        try {
            process = launch();
            clients.forEach(client -> client.getPool().clear());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void close() {
        clients.forEach(RedisClient::close);
        clients.clear();
        kill();
    }
}
