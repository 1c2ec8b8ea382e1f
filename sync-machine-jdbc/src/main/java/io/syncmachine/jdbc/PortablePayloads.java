package io.syncmachine.jdbc;

import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.SubjectKey;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Payload records in a table. A batch locks its records in key order; an opening draws its epochs only then, so that who opens a
 * record later has the greater one. All other writes are updates of the records whose epoch is still the run's. A deadline begins
 * when the records are locked.
 */
final class PortablePayloads implements PayloadStore {

    private static final String KNOWN = """
            t.state, t.fingerprint, t.body, t.remote_id,
            t.intent_kind, t.intent_fingerprint, t.intent_key, t.intent_body, t.builder_version""";
    private static final String IN_DOUBT = "case when t.doubt = true or t.intended = true then 1 else 0 end";
    private static final Comparator<SubjectKey> ORDER = Comparator.comparing(SubjectKey::tenant)
            .thenComparing(SubjectKey::machine)
            .thenComparing(SubjectKey::id);

    /** Begins with a condition that leads into the index. */
    private static final String AFTER = """
            t.tenant >= ? and (t.tenant > ? or t.machine > ? or t.machine = ? and t.subject_id > ?)
            order by t.tenant, t.machine, t.subject_id limit ?""";

    private static final String ALL = "select t.tenant, t.machine, t.subject_id from ${p}payload t where " + AFTER;
    private static final String OUTDATED = """
            select t.tenant, t.machine, t.subject_id from ${p}payload t
            where t.machine = ? and t.state = 'PRESENT' and t.builder_version < ? and\s""" + AFTER;

    private static final String CAN_BE_MARKED =
            "t.state = 'PRESENT' and t.fingerprint is not null and t.fingerprint %s '!%%'";

    private final Database database;
    private final KeyedTable table;
    private final Fence fence;
    private final String isTombstone;
    private final String made;
    private final String found;
    private final String find;
    private final List<String> open;
    private final List<String> intent;
    private final List<String> record;
    private final List<String> close;
    private final List<String> erase;

    PortablePayloads(Database database, PortableDialect dialect) {
        this.database = database;
        this.table = new KeyedTable(dialect, database.sql("${p}payload"), List.of("tenant", "machine", "subject_id"));
        this.fence = new Fence(database);
        String now = dialect.now();
        this.made = "'NEVER', 0, false, " + now;
        this.found = KNOWN + ", " + IN_DOUBT + ", t.tenant, t.machine, t.subject_id, coalesce("
                + dialect.micros(now, "t.call_until") + ", 0)";
        this.find = "select " + KNOWN + ", " + IN_DOUBT
                + " from ${p}payload t where t.tenant = ? and t.machine = ? and t.subject_id = ?";
        this.isTombstone = "t.state <> 'PRESENT' and t.intended = false and t.doubt = false and "
                + dialect.micros("t.used_at", now) + " > r.unused_micros";
        this.open =
                List.of("t.epoch = r.new_epoch", "t.intended = false", "t.doubt = r.in_doubt", "t.used_at = " + now);
        this.intent = List.of(
                "t.intended = true",
                "t.intent_kind = r.kind",
                "t.intent_fingerprint = r.fingerprint",
                "t.intent_key = r.idempotency_key",
                "t.intent_body = r.body",
                "t.call_until = " + dialect.later(now, "r.deadline_micros"));
        this.record = List.of(
                "t.state = r.state",
                "t.fingerprint = r.fingerprint",
                "t.body = r.body",
                "t.remote_id = r.remote_id",
                "t.builder_version = r.version",
                "t.published_at = " + now,
                "t.used_at = " + now,
                "t.intended = false",
                "t.doubt = false",
                "t.call_until = null",
                "t.intent_kind = null",
                "t.intent_fingerprint = null",
                "t.intent_key = null",
                "t.intent_body = null");
        this.close = List.of(
                "t.intended = false",
                "t.doubt = case when r.in_doubt then true else t.doubt end",
                "t.builder_version = coalesce(r.version, t.builder_version)",
                "t.used_at = " + now,
                "t.call_until = case when r.wait_micros is null then t.call_until else "
                        + dialect.later(now, "r.wait_micros") + " end",
                forgotten("intent_kind"),
                forgotten("intent_fingerprint"),
                forgotten("intent_key"),
                forgotten("intent_body"));
        this.erase = List.of(
                "t.body = null",
                forgotten("intent_kind"),
                forgotten("intent_fingerprint"),
                forgotten("intent_key"),
                forgotten("intent_body"));
    }

    private static String forgotten(String column) {
        return "t." + column + " = case when r.forget_intent then null else t." + column + " end";
    }

    @Override
    public List<Opening> open(List<SubjectKey> keys) {
        if (keys.isEmpty()) {
            return List.of();
        }
        Map<SubjectKey, Opening> byKey = open(keys, false);
        List<Opening> openings = new ArrayList<>();
        for (SubjectKey key : keys) {
            Opening opening = byKey.get(key);
            if (opening == null) {
                throw new IllegalStateException(
                        "the record of " + key + " cannot be found: the database must not cut or change its key");
            }
            openings.add(opening);
        }
        return openings;
    }

    @Override
    public void doubt(Collection<SubjectKey> keys) {
        if (!keys.isEmpty()) {
            open(keys, true);
        }
    }

    /** Opens the records, in doubt from now on or as they are. */
    private Map<SubjectKey, Opening> open(Collection<SubjectKey> keys, boolean doubt) {
        List<SubjectKey> sorted = keys.stream().sorted(ORDER).toList();
        return database.inTransaction(connection -> {
            Rows<SubjectKey> rows = keys(sorted, key -> key);
            table.makeMissing(connection, rows, List.of("state", "epoch", "intended", "used_at"), made);
            List<Opening> openings = table.lock(connection, rows, found, "1 = 1", PortablePayloads::opening);
            long epoch = fence.take(connection, openings.size());
            Map<SubjectKey, Opening> opened = new HashMap<>();
            for (Opening opening : openings) {
                opened.put(opening.key(), new Opening(opening.key(), epoch++, opening.known(), opening.waitOut()));
            }
            table.update(
                    connection,
                    keys(opened.values(), Opening::key)
                            .numbers("new_epoch", Opening::epoch)
                            .flags(
                                    "in_doubt",
                                    opening -> doubt || opening.known().inDoubt()),
                    open);
            return opened;
        });
    }

    /** As the record was found, with no epoch yet. */
    private static Opening opening(ResultSet row) throws SQLException {
        SubjectKey key = new SubjectKey(row.getString(11), row.getString(12), row.getString(13));
        Duration waitOut = Duration.ofNanos(Math.max(row.getLong(14), 0) * 1_000);
        return new Opening(key, 0, PostgresPayloads.known(row), waitOut);
    }

    @Override
    public void sendAnyway(Collection<SubjectKey> keys, boolean anyway) {
        if (keys.isEmpty()) {
            return;
        }
        List<SubjectKey> sorted = keys.stream().sorted(ORDER).toList();
        String condition = CAN_BE_MARKED.formatted(anyway ? "not like" : "like");
        String fingerprint = anyway ? "concat('!', t.fingerprint)" : "substring(t.fingerprint, 2)";
        database.inTransaction(connection -> {
            List<SubjectKey> marked = table.lock(
                    connection,
                    keys(sorted, key -> key),
                    "t.tenant, t.machine, t.subject_id",
                    condition,
                    PortablePayloads::key);
            table.update(connection, keys(marked, key -> key), List.of("t.fingerprint = " + fingerprint));
            return marked.size();
        });
    }

    private static <T> Rows<T> keys(Collection<T> batch, Function<T, SubjectKey> key) {
        return Rows.of(batch)
                .texts("tenant", item -> key.apply(item).tenant())
                .texts("machine", item -> key.apply(item).machine())
                .texts("subject_id", item -> key.apply(item).id());
    }

    @Override
    public Set<Long> intent(Collection<Intent> intents) {
        return write(
                intents,
                Intent::key,
                Intent::epoch,
                rows -> rows.texts("kind", one -> one.intent().kind().name())
                        .texts("fingerprint", one -> one.intent().fingerprint())
                        .texts("idempotency_key", one -> one.intent().idempotencyKey())
                        .texts("body", one -> one.intent().body())
                        .numbers("deadline_micros", one -> PortableJobs.micros(one.deadline())),
                intent);
    }

    @Override
    public Set<Long> record(Collection<Acknowledgement> acknowledgements) {
        return write(
                acknowledgements,
                Acknowledgement::key,
                Acknowledgement::epoch,
                rows -> rows.texts("state", one -> one.state().name())
                        .texts("fingerprint", Acknowledgement::fingerprint)
                        .texts("body", Acknowledgement::body)
                        .texts("remote_id", Acknowledgement::remoteId)
                        .numbers("version", one -> (long) one.builderVersion()),
                record);
    }

    @Override
    public Set<Long> close(Collection<Closing> closings) {
        return write(
                closings,
                Closing::key,
                Closing::epoch,
                rows -> rows.flags("in_doubt", Closing::inDoubt)
                        .flags("forget_intent", Closing::forgetIntent)
                        .numbers("wait_micros", one -> {
                            Duration waitOut = one.waitOut();
                            return waitOut == null ? null : Long.valueOf(PortableJobs.micros(waitOut));
                        })
                        .numbers("version", one -> {
                            Integer version = one.builderVersion();
                            return version == null ? null : Long.valueOf(version);
                        }),
                close);
    }

    /** Writes to the records that the runs of a batch still have, and answers their epochs. */
    private <T> Set<Long> write(
            Collection<T> batch,
            Function<T, SubjectKey> key,
            Function<T, Long> epoch,
            Function<Rows<T>, Rows<T>> values,
            List<String> assignments) {
        if (batch.isEmpty()) {
            return Set.of();
        }
        List<T> sorted = batch.stream().sorted(Comparator.comparing(key, ORDER)).toList();
        return database.inTransaction(connection -> {
            Set<Long> held = new HashSet<>(held(connection, keys(sorted, key).numbers("of_epoch", epoch)));
            List<T> writable = sorted.stream()
                    .filter(item -> held.contains(epoch.apply(item)))
                    .toList();
            table.update(connection, values.apply(keys(writable, key)), assignments);
            return held;
        });
    }

    private List<Long> held(Connection connection, Rows<?> rows) throws SQLException {
        return table.lock(connection, rows, "t.epoch", "t.epoch = r.of_epoch", row -> row.getLong(1));
    }

    @Override
    public Optional<PayloadRecord> find(SubjectKey key) {
        return database
                .query(
                        find,
                        statement ->
                                statement.text(key.tenant()).text(key.machine()).text(key.id()),
                        PostgresPayloads::known)
                .stream()
                .findFirst();
    }

    @Override
    public Map<SubjectKey, PayloadRecord> find(Collection<SubjectKey> keys) {
        Map<SubjectKey, PayloadRecord> found = new HashMap<>();
        database.call(connection -> table.read(
                connection,
                keys(keys, key -> key),
                KNOWN + ", " + IN_DOUBT + ", t.tenant, t.machine, t.subject_id",
                row -> found.put(
                        new SubjectKey(row.getString(11), row.getString(12), row.getString(13)),
                        PostgresPayloads.known(row))));
        return found;
    }

    @Override
    public List<SubjectKey> outdated(String machine, int version, @Nullable SubjectKey after, int limit) {
        return database.query(
                OUTDATED,
                statement ->
                        after(statement.text(machine).number(version), after).number(limit),
                PortablePayloads::key);
    }

    private static SubjectKey key(ResultSet row) throws SQLException {
        return new SubjectKey(row.getString(1), row.getString(2), row.getString(3));
    }

    @Override
    public boolean erase(SubjectKey key) {
        return database.inTransaction(connection -> {
            Rows<SubjectKey> rows = keys(List.of(key), one -> one);
            List<Boolean> keepsIntent = table.lock(
                    connection,
                    rows,
                    "case when t.doubt or t.intended then 1 else 0 end",
                    "1 = 1",
                    row -> row.getBoolean(1));
            if (keepsIntent.isEmpty()) {
                return false;
            }
            table.update(connection, rows.flags("forget_intent", one -> !keepsIntent.get(0)), erase);
            return true;
        });
    }

    @Override
    public @Nullable SubjectKey deleteTombstones(Duration unusedFor, @Nullable SubjectKey after, int limit) {
        List<SubjectKey> looked =
                database.query(ALL, statement -> after(statement, after).number(limit), PortablePayloads::key);
        if (!looked.isEmpty()) {
            Rows<SubjectKey> rows =
                    keys(looked, key -> key).numbers("unused_micros", key -> PortableJobs.micros(unusedFor));
            database.inTransaction(connection -> {
                List<SubjectKey> gone = table.lock(
                        connection, rows, "t.tenant, t.machine, t.subject_id", isTombstone, PortablePayloads::key);
                table.delete(connection, keys(gone, key -> key));
                return gone.size();
            });
        }
        return looked.size() < limit ? null : looked.get(looked.size() - 1);
    }

    private static ArrayStatement after(ArrayStatement statement, @Nullable SubjectKey after) throws SQLException {
        String tenant = after == null ? "" : after.tenant();
        String machine = after == null ? "" : after.machine();
        return statement.text(tenant).text(tenant).text(machine).text(machine).text(after == null ? "" : after.id());
    }
}
