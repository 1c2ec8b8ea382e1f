package io.syncmachine.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.PublicationKind;
import io.syncmachine.event.Cause;
import io.syncmachine.event.Outcome;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.PayloadStore.PendingIntent;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.Settle;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.SubjectKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What subjects cost the database from the request to the journal, in processor time of the backend that does it: what else the machine
 * does is not in it. For one thread; Linux only.
 */
final class StoreCosts implements AutoCloseable {

    private static final String TENANT = "default";
    private static final String MACHINE = "order-to-api";
    private static final String FINGERPRINT = "0123456789abcdef".repeat(4);
    private static final int PAGE = 1_000;
    private static final int BATCH = 200;
    /** Prime, so that its multiples reach every number below one that it does not divide, in no order. */
    private static final long STRIDE = 1_000_003;

    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final Settle LATER = new Settle(Duration.ofHours(24), Duration.ofHours(24));

    private final HikariDataSource pool;
    private final JdbcStore store;
    private final Path clock;

    /**
     * Microseconds of the backend's processor time for a subject.
     *
     * @param claims for its claim
     * @param all from its claim to the journal
     */
    record Costs(double claims, double all) {}

    StoreCosts(Access access) {
        pool = access.pool(1);
        store = JdbcStore.builder(pool)
                .schemaMode(SchemaMode.CREATE)
                .wakeUps(false)
                .build();
        store.open(() -> {}, true);
        clock = Path.of("/proc/" + number("select pg_backend_pid()") + "/schedstat");
    }

    long number(String sql) {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    void execute(String sql) {
        Sql.execute(pool, sql);
    }

    private double micros() {
        try {
            String text = Files.readString(clock);
            return Long.parseLong(text.substring(0, text.indexOf(' '))) / 1e3;
        } catch (IOException e) {
            throw new UncheckedIOException("the processor time of a backend can be told on Linux only", e);
        }
    }

    /** Requests so many subjects, numbered from one number on; answers what one costs. */
    double request(long from, int count) {
        return request(from, count, null);
    }

    /** The same, but they are due much later. */
    double requestForLater(long from, int count) {
        return request(from, count, LATER);
    }

    private double request(long from, int count, @Nullable Settle settle) {
        double before = micros();
        List<JobRequest> page = new ArrayList<>(PAGE);
        for (int i = 0; i < count; i++) {
            String id = Long.toString(from + i * STRIDE % count);
            page.add(new JobRequest(
                    JobKey.ensurePublication(TENANT, MACHINE, id),
                    ChangedProperties.all(),
                    Lane.LIVE,
                    List.of(new Cause(ChangeKind.UPDATE, "Customer", "7", Set.of("lastName"), null)),
                    settle));
            if (page.size() == PAGE || i == count - 1) {
                store.jobs().enqueue(page);
                page.clear();
            }
        }
        return (micros() - before) / count;
    }

    /** Takes so many subjects from the claim to the journal, as a run that publishes does. */
    Costs work(int count) {
        double claims = 0;
        double before = micros();
        for (int done = 0; done < count; ) {
            double begun = micros();
            List<Claim> claimed =
                    store.jobs().claim(new ClaimRequest(MACHINE, Stage.ENSURE_PUBLICATION, BATCH, LEASE, "bench"));
            claims += micros() - begun;
            if (claimed.isEmpty()) {
                throw new IllegalStateException("only " + done + " of " + count + " subjects wait");
            }
            publish(claimed);
            done += claimed.size();
        }
        return new Costs(claims / count, (micros() - before) / count);
    }

    private void publish(List<Claim> claims) {
        List<Opening> openings = store.payloads()
                .open(claims.stream()
                        .map(claim ->
                                new SubjectKey(TENANT, MACHINE, claim.key().key()))
                        .toList());
        store.payloads()
                .intent(openings.stream()
                        .map(opening -> new Intent(
                                opening.key(),
                                opening.epoch(),
                                new PendingIntent(
                                        PublicationKind.UPDATE,
                                        FINGERPRINT,
                                        MACHINE + ':' + opening.key().id() + ':' + opening.epoch(),
                                        null),
                                Duration.ofSeconds(10)))
                        .toList());
        store.payloads()
                .record(openings.stream()
                        .map(opening -> new Acknowledgement(
                                opening.key(), opening.epoch(), State.PRESENT, FINGERPRINT, null, null, 0))
                        .toList());
        store.jobs().complete(claims);
        store.journal()
                .append(
                        "bench",
                        claims.stream()
                                .map(claim -> new Outcome(
                                        TENANT,
                                        MACHINE,
                                        claim.key().key(),
                                        Outcome.Result.PUBLISHED,
                                        PublicationKind.UPDATE,
                                        1,
                                        null,
                                        FINGERPRINT,
                                        Duration.ofMillis(2),
                                        claim.causes()))
                                .toList());
    }

    /** Bytes of the tables of jobs and payload records with their indexes. */
    long size() {
        return number(
                "select pg_total_relation_size('sync_machine_job') + pg_total_relation_size('sync_machine_payload')");
    }

    @Override
    public void close() {
        store.close();
        pool.close();
    }
}
