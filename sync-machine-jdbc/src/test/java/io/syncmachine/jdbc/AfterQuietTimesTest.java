package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.PublicationKind;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.PendingIntent;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.SubjectKey;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** PostgreSQL keeps the plans of statements that a connection runs often; one that was made while a table was small must not be bad for a large one. */
class AfterQuietTimesTest {

    private static final int MANY = 10_000;
    private static final int BATCH = 200;
    private static final Duration LEASE = Duration.ofMinutes(5);

    private final TestDatabase database = TestDatabase.create();
    private final HikariDataSource pool = database.anotherPool(1);
    private final JdbcStore store =
            JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE).wakeUps(false).build();

    @BeforeEach
    void open() {
        store.open(() -> {}, false);
    }

    @AfterEach
    void close() {
        store.close();
        pool.close();
        database.close();
    }

    /** How many rows were read one after the other, and how many entries of indexes. */
    private long rowsRead(String table) throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("select pg_stat_force_next_flush()");
            try (ResultSet row = statement.executeQuery(
                    "select t.seq_tup_read + coalesce(sum(i.idx_tup_read), 0) from pg_stat_user_tables t"
                            + " left join pg_stat_user_indexes i using (relid) where t.relname = 'sync_machine_" + table
                            + "' group by t.relid, t.seq_tup_read")) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    private static List<Change> changes(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Change(
                        Change.DEFAULT_TENANT,
                        "Order",
                        "" + i,
                        ChangeKind.UPDATE,
                        ChangedProperties.all(),
                        Set.of("orders"),
                        null))
                .toList();
    }

    private static List<JobRequest> requests(List<Change> changes) {
        return changes.stream()
                .map(change -> new JobRequest(
                        JobKey.ensurePublication(change.tenant(), "orders", change.id()), ChangedProperties.all()))
                .toList();
    }

    private int relay() {
        return store.outbox().relay(1_000, AfterQuietTimesTest::requests, store.jobs());
    }

    /** What a run does, with a batch. */
    private int run(int limit) {
        List<Claim> claims =
                store.jobs().claim(new ClaimRequest("orders", Stage.ENSURE_PUBLICATION, limit, LEASE, "test"));
        List<SubjectKey> subjects = claims.stream()
                .map(claim -> new SubjectKey(
                        claim.key().tenant(), claim.key().machine(), claim.key().key()))
                .toList();
        PayloadStore payloads = store.payloads();
        List<PayloadStore.Opening> openings = payloads.open(subjects);
        payloads.intent(openings.stream()
                .map(opening -> new Intent(
                        opening.key(),
                        opening.epoch(),
                        new PendingIntent(PublicationKind.CREATE, "f", "k", null),
                        Duration.ofSeconds(10)))
                .toList());
        payloads.record(openings.stream()
                .map(opening -> new Acknowledgement(
                        opening.key(), opening.epoch(), PayloadStore.State.PRESENT, "f", "{}", null, 0))
                .toList());
        payloads.close(openings.stream()
                .map(opening -> new Closing(opening.key(), opening.epoch(), false, false, null, null))
                .toList());
        store.jobs().renew(claims, LEASE);
        store.jobs().complete(claims);
        return claims.size();
    }

    @Test
    void manyAreDoneWithoutReadingTablesOverAndOver() throws SQLException {
        for (int i = 0; i < 40; i++) {
            if (i == 5) {
                database.execute("vacuum analyze");
            }
            store.outbox().append(changes(2));
            relay();
            run(BATCH);
        }

        store.outbox().append(changes(MANY));
        while (relay() > 0) {}
        int done = 0;
        for (int some = run(BATCH); some > 0; some = run(BATCH)) {
            done += some;
        }

        assertThat(done).isEqualTo(MANY);
        assertThat(List.of(rowsRead("outbox"), rowsRead("job"), rowsRead("payload")))
                .allMatch(read -> read < 20 * MANY);
    }
}
