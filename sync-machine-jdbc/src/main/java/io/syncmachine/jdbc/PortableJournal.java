package io.syncmachine.jdbc;

import io.syncmachine.PublicationKind;
import io.syncmachine.event.JournalEntry;
import io.syncmachine.event.Outcome;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.SubjectKey;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;

/** A journal in a table. Its oldest rows have the lowest ids, or nearly. */
final class PortableJournal implements Journal {

    private static final List<String> COLUMNS = List.of(
            "at",
            "node",
            "tenant",
            "machine",
            "subject_id",
            "result",
            "kind",
            "attempt",
            "reason",
            "fingerprint",
            "took",
            "causes");
    private static final String OF_SUBJECT = " from ${p}journal where machine = ? and subject_id = ? and tenant = ?";

    private final Database database;
    private final KeyedTable table;
    private final String values;
    private final String read;
    private final String old;

    PortableJournal(Database database, PortableDialect dialect) {
        this.database = database;
        this.table = new KeyedTable(dialect, database.sql("${p}journal"), List.of("id"));
        this.values =
                dialect.now() + ", r.node, r.tenant, r.machine, r.subject_id, r.result, r.kind, r.attempt, r.reason,"
                        + " r.fingerprint, r.took, r.causes";
        this.read = "select " + dialect.sinceEpoch("at")
                + ", node, tenant, machine, subject_id, result, kind, attempt, reason, fingerprint, took, causes"
                + OF_SUBJECT + " order by id desc limit ?";
        this.old = "select o.id from (select id, at from ${p}journal order by id limit ?) o where "
                + dialect.micros("o.at", dialect.now()) + " > ? or o.id <= (select max(id) from ${p}journal) - ?";
    }

    @Override
    public void append(String node, Collection<Outcome> outcomes) {
        if (outcomes.isEmpty()) {
            return;
        }
        Rows<Outcome> rows = Rows.of(outcomes)
                .texts("node", outcome -> node)
                .texts("tenant", Outcome::tenant)
                .texts("machine", Outcome::machine)
                .texts("subject_id", Outcome::subjectId)
                .texts("result", outcome -> outcome.result().name())
                .texts("kind", outcome -> {
                    PublicationKind kind = outcome.kind();
                    return kind == null ? null : kind.name();
                })
                .numbers("attempt", outcome -> (long) outcome.attempt())
                .texts("reason", outcome -> {
                    String reason = outcome.reason();
                    return reason == null ? null : JdbcJobs.storable(reason);
                })
                .texts("fingerprint", Outcome::fingerprint)
                .numbers("took", outcome -> {
                    Duration took = outcome.took();
                    return took == null ? null : Long.valueOf(ArrayStatement.micros(took));
                })
                .texts("causes", outcome -> JdbcJobs.join(outcome.causes()));
        database.inTransaction(connection -> {
            table.insert(connection, rows, COLUMNS, values);
            return outcomes.size();
        });
    }

    @Override
    public List<JournalEntry> read(SubjectKey subject, int limit) {
        return database.query(read, statement -> of(statement, subject).number(limit), PortableJournal::entry);
    }

    private static ArrayStatement of(ArrayStatement statement, SubjectKey subject) throws SQLException {
        return statement.text(subject.machine()).text(subject.id()).text(subject.tenant());
    }

    private static JournalEntry entry(ResultSet row) throws SQLException {
        Instant at = Instant.EPOCH.plus(row.getLong(1), ChronoUnit.MICROS);
        return new JournalEntry(at, row.getString(2), PostgresJournal.outcome(row));
    }

    /** Looks only at the rows with the lowest ids. Several nodes may delete the same rows; then each counts them. */
    @Override
    public int prune(Duration olderThan, long most, int limit) {
        List<Long> ids = database.query(
                old,
                statement -> statement
                        .number(limit)
                        .number(PortableJobs.micros(olderThan))
                        .number(most),
                row -> row.getLong(1));
        if (!ids.isEmpty()) {
            database.inTransaction(connection -> {
                table.delete(connection, Rows.of(ids).numbers("id", id -> id));
                return ids.size();
            });
        }
        return ids.size();
    }

    @Override
    public void erase(SubjectKey subject) {
        database.call(connection -> {
            try (ArrayStatement statement = new ArrayStatement(connection, database.sql("delete" + OF_SUBJECT))) {
                return of(statement, subject).update();
            }
        });
    }
}
