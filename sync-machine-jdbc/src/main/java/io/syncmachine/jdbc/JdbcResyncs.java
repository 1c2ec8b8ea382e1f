package io.syncmachine.jdbc;

import io.syncmachine.spi.ResyncStore;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Resyncs in two tables, by statements that every database knows. */
final class JdbcResyncs implements ResyncStore {

    private static final String ADD = """
            insert into ${p}resync
                (id, machine, status, forced, done, total, place, requested_at, ended_at, revision)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)""";
    private static final String UPDATE = """
            update ${p}resync set status = ?, done = ?, total = ?, place = ?, ended_at = ?, revision = revision + 1
            where id = ? and revision = ?""";
    private static final String ALL = """
            select id, machine, status, forced, done, total, place, requested_at, ended_at, revision
            from ${p}resync order by requested_at, id""";

    private final Database database;

    JdbcResyncs(Database database) {
        this.database = database;
    }

    @Override
    public void add(Entry entry) {
        execute(ADD, statement -> {
            statement.setString(1, entry.id());
            statement.setString(2, entry.machine());
            statement.setString(3, entry.status().name());
            statement.setBoolean(4, entry.force());
            statement.setLong(5, entry.done());
            statement.setLong(6, entry.total());
            statement.setString(7, JdbcJobs.storable(entry.position()));
            statement.setLong(8, entry.requestedAt().toEpochMilli());
            statement.setLong(9, millis(entry.endedAt()));
        });
    }

    @Override
    public boolean update(Entry entry) {
        return execute(UPDATE, statement -> {
                    statement.setString(1, entry.status().name());
                    statement.setLong(2, entry.done());
                    statement.setLong(3, entry.total());
                    statement.setString(4, JdbcJobs.storable(entry.position()));
                    statement.setLong(5, millis(entry.endedAt()));
                    statement.setString(6, entry.id());
                    statement.setLong(7, entry.revision());
                })
                > 0;
    }

    /** Zero for none. */
    private static long millis(@Nullable Instant instant) {
        return instant == null ? 0 : instant.toEpochMilli();
    }

    @Override
    public List<Entry> all() {
        return database.query(ALL, statement -> statement, JdbcResyncs::entry);
    }

    private static Entry entry(ResultSet row) throws SQLException {
        long endedAt = row.getLong(9);
        return new Entry(
                row.getString(1),
                row.getString(2),
                Status.valueOf(row.getString(3)),
                row.getBoolean(4),
                row.getLong(5),
                row.getLong(6),
                row.getString(7),
                Instant.ofEpochMilli(row.getLong(8)),
                endedAt == 0 ? null : Instant.ofEpochMilli(endedAt),
                row.getLong(10));
    }

    @Override
    public void addPage(String id, int page, String subjectIds) {
        execute("insert into ${p}resync_page (resync_id, page, subject_ids) values (?, ?, ?)", statement -> {
            statement.setString(1, id);
            statement.setInt(2, page);
            statement.setString(3, subjectIds);
        });
    }

    @Override
    public @Nullable String page(String id, int page) {
        return database
                .query(
                        "select subject_ids from ${p}resync_page where resync_id = ? and page = ?",
                        statement -> statement.text(id).number(page),
                        row -> row.getString(1))
                .stream()
                .findFirst()
                .orElse(null);
    }

    @Override
    public void deletePages(String id) {
        execute("delete from ${p}resync_page where resync_id = ?", statement -> statement.setString(1, id));
    }

    @Override
    public void delete(String id) {
        deletePages(id);
        execute("delete from ${p}resync where id = ?", statement -> statement.setString(1, id));
    }

    private interface Binder {
        void bind(PreparedStatement statement) throws SQLException;
    }

    private int execute(String sql, Binder binder) {
        return database.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(database.sql(sql))) {
                binder.bind(statement);
                return statement.executeUpdate();
            }
        });
    }
}
