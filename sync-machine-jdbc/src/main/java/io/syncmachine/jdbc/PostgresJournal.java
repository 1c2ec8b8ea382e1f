package io.syncmachine.jdbc;

import io.syncmachine.PublicationKind;
import io.syncmachine.event.JournalEntry;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.SubjectKey;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/** A journal in a table. Its oldest rows have the lowest ids, or nearly. */
final class PostgresJournal implements Journal {

    private static final String APPEND = """
            insert into ${p}journal
                (node, tenant, machine, subject_id, result, kind, attempt, reason, fingerprint, took, causes)
            select ?, * from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""";
    private static final String READ = """
            select at, node, tenant, machine, subject_id, result, kind, attempt, reason, fingerprint, took, causes
            from ${p}journal where machine = ? and subject_id = ? and tenant = ? order by id desc limit ?""";
    /** Looks only at the rows with the lowest ids. */
    private static final String PRUNE = """
            with looked as (select id, at from ${p}journal order by id limit ? for update skip locked)
            delete from ${p}journal j using looked o
            where j.id = o.id and (o.at < clock_timestamp() - ? * interval '1 microsecond'
                or o.id <= (select max(id) from ${p}journal) - ?)
            returning 1""";

    private static final String ERASE =
            "delete from ${p}journal where machine = ? and subject_id = ? and tenant = ? returning 1";

    private final Database database;

    PostgresJournal(Database database) {
        this.database = database;
    }

    @Override
    public void append(String node, Collection<Outcome> outcomes) {
        if (outcomes.isEmpty()) {
            return;
        }
        database.call(connection -> {
            try (ArrayStatement statement = new ArrayStatement(connection, database.sql(APPEND))) {
                return statement
                        .text(node)
                        .texts(outcomes, Outcome::tenant)
                        .texts(outcomes, Outcome::machine)
                        .texts(outcomes, Outcome::subjectId)
                        .texts(outcomes, outcome -> outcome.result().name())
                        .texts(outcomes, outcome -> {
                            PublicationKind kind = outcome.kind();
                            return kind == null ? null : kind.name();
                        })
                        .longs(outcomes, outcome -> (long) outcome.attempt())
                        .texts(outcomes, outcome -> {
                            String reason = outcome.reason();
                            return reason == null ? null : JdbcJobs.storable(reason);
                        })
                        .texts(outcomes, Outcome::fingerprint)
                        .longs(outcomes, outcome -> {
                            Duration took = outcome.took();
                            return took == null ? null : Long.valueOf(ArrayStatement.micros(took));
                        })
                        .texts(outcomes, outcome -> JdbcJobs.join(outcome.causes()))
                        .update();
            }
        });
    }

    @Override
    public List<JournalEntry> read(SubjectKey subject, int limit) {
        return database.query(
                READ,
                statement -> statement
                        .text(subject.machine())
                        .text(subject.id())
                        .text(subject.tenant())
                        .number(limit),
                PostgresJournal::entry);
    }

    private static JournalEntry entry(ResultSet row) throws SQLException {
        return new JournalEntry(row.getTimestamp(1).toInstant(), row.getString(2), outcome(row));
    }

    /** From the third column on: tenant, machine, subject, result, kind, attempt, reason, fingerprint, duration, and causes. */
    static Outcome outcome(ResultSet row) throws SQLException {
        String kind = row.getString(7);
        long took = row.getLong(11);
        Duration tookOrNull = row.wasNull() ? null : Duration.ofNanos(took * 1_000);
        return new Outcome(
                row.getString(3),
                row.getString(4),
                row.getString(5),
                Result.valueOf(row.getString(6)),
                kind == null ? null : PublicationKind.valueOf(kind),
                row.getInt(8),
                row.getString(9),
                row.getString(10),
                tookOrNull,
                JdbcJobs.causes(row.getString(12)));
    }

    @Override
    public int prune(Duration olderThan, long most, int limit) {
        return database.query(
                        PRUNE,
                        statement -> statement
                                .number(limit)
                                .number(ArrayStatement.micros(olderThan))
                                .number(most),
                        row -> row.getInt(1))
                .size();
    }

    @Override
    public void erase(SubjectKey subject) {
        database.query(
                ERASE,
                statement ->
                        statement.text(subject.machine()).text(subject.id()).text(subject.tenant()),
                row -> row.getInt(1));
    }
}
