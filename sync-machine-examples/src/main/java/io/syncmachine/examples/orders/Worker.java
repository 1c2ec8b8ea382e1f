package io.syncmachine.examples.orders;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncEngine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.examples.support.Database;
import io.syncmachine.examples.support.HttpApi;
import io.syncmachine.jdbc.JdbcStore;
import jakarta.persistence.EntityManagerFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The worker: a process that publishes and changes nothing. It is told what to do on standard input, one line each: first its
 * {@link Settings} as JSON, then {@code resume}, {@code pause} or {@code quit}; the end of the input is a quit. It answers each
 * with a line on standard output, and in between writes lines of outcome counts as JSON.
 */
public final class Worker {

    static final String RESUMED = "resumed";
    static final String PAUSED = "paused";

    /** So short that a killed worker's successor need not be waited for long. */
    static final Duration LEASE = Duration.ofSeconds(5);

    static final Duration GRACE = Duration.ofMillis(250);

    private static final int CONNECTIONS = 12;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What a worker is told first. */
    record Settings(URI api, Database.Access database) {}

    private final HttpApi api;
    private final HikariDataSource pool;
    private final EntityManagerFactory factory;
    private final PrintStream out;
    private @Nullable SyncEngine engine;

    private Worker(Settings settings, PrintStream out) {
        this.out = out;
        api = new HttpApi(settings.api());
        pool = settings.database().pool(CONNECTIONS);
        factory = Database.entities(pool, false, Order.class, Customer.class);
    }

    /** Runs until told to quit. */
    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // what anyone else prints must not look like an answer
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String first = in.readLine();
        if (first == null) {
            return;
        }
        Worker worker = new Worker(JSON.readValue(first, Settings.class), out);
        try {
            worker.obey(in);
        } finally {
            worker.close();
        }
    }

    private void obey(BufferedReader in) throws IOException {
        String line;
        while ((line = in.readLine()) != null) {
            switch (line) {
                case "resume" -> resume();
                case "pause" -> pause();
                case "quit" -> {
                    return;
                }
                default -> throw new IOException("unknown command: " + line);
            }
        }
    }

    private void resume() {
        engine = SyncEngine.builder()
                .machines(OrderToApi.machine(api, factory))
                .entities(OrderToApi.entities(factory))
                .store(JdbcStore.of(pool))
                .lease(LEASE)
                .grace(GRACE)
                .observer(this::tell)
                .start();
        out.println(RESUMED);
    }

    private void tell(List<Outcome> outcomes) {
        Map<Result, Long> counts = new EnumMap<>(Result.class);
        outcomes.forEach(outcome -> counts.merge(outcome.result(), 1L, Long::sum));
        try {
            out.println(JSON.writeValueAsString(counts));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private void pause() {
        stop();
        out.println(PAUSED);
    }

    private void stop() {
        if (engine != null) {
            engine.close();
            engine = null;
        }
    }

    private void close() {
        stop();
        factory.close();
        pool.close();
    }
}
