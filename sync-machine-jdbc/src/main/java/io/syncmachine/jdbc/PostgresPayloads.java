package io.syncmachine.jdbc;

import io.syncmachine.PublicationKind;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.SubjectKey;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Payload records in a table. Opening is an upsert; all other writes are updates of the rows whose epoch is still the run's. */
final class PostgresPayloads implements PayloadStore {

    private static final String KNOWN = """
            p.state, p.fingerprint, p.body, p.remote_id,
            p.intent_kind, p.intent_fingerprint, p.intent_key, p.intent_body, p.builder_version""";
    /** The parameters: in doubt from now on, whatever is known. */
    private static final String OPEN = """
            insert into ${p}payload as p (tenant, machine, subject_id, state, epoch, doubt)
            select k.tenant, k.machine, k.subject_id, 'NEVER', nextval('${p}fence'), ?
            from unnest(?, ?, ?) as k(tenant, machine, subject_id)
            order by k.subject_id collate "C", k.machine collate "C", k.tenant collate "C"
            on conflict (subject_id, machine, tenant) do update set
                epoch = nextval('${p}fence'), doubt = excluded.doubt or p.doubt or p.intended, intended = false,
                used_at = clock_timestamp()
            returning\s""" + KNOWN + """
            , p.doubt, p.tenant, p.machine, p.subject_id, p.epoch,
            greatest(coalesce((extract(epoch from p.call_until - clock_timestamp()) * 1000000)::bigint, 0), 0)""";
    /** The records that the runs of a batch still have; no two runs hold the same epoch. */
    private static final String HELD = """
             p.subject_id = any(array[w.subject_id]) and p.machine = w.machine and p.tenant = w.tenant and p.epoch = w.epoch
            returning p.epoch""";

    private static final String INTENT = """
            update ${p}payload p set
                intended = true,
                intent_kind = w.kind, intent_fingerprint = w.fingerprint, intent_key = w.key, intent_body = w.body,
                call_until = clock_timestamp() + w.deadline * interval '1 microsecond'
            from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?)
                as w(tenant, machine, subject_id, epoch, kind, fingerprint, key, body, deadline)
            where""" + HELD;
    private static final String RECORD = """
            update ${p}payload p set
                state = w.state, fingerprint = w.fingerprint, body = w.body, remote_id = w.remote_id,
                builder_version = w.version, published_at = clock_timestamp(), used_at = clock_timestamp(),
                intended = false, doubt = false, call_until = null,
                intent_kind = null, intent_fingerprint = null, intent_key = null, intent_body = null
            from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?)
                as w(tenant, machine, subject_id, epoch, state, fingerprint, body, remote_id, version)
            where""" + HELD;
    private static final String CLOSE = """
            update ${p}payload p set
                intended = false, doubt = p.doubt or w.doubt,
                builder_version = coalesce(w.version::integer, p.builder_version), used_at = clock_timestamp(),
                call_until = case when w.wait is null then p.call_until
                    else clock_timestamp() + w.wait * interval '1 microsecond' end,
                intent_kind = case when w.forget then null else p.intent_kind end,
                intent_fingerprint = case when w.forget then null else p.intent_fingerprint end,
                intent_key = case when w.forget then null else p.intent_key end,
                intent_body = case when w.forget then null else p.intent_body end
            from unnest(?, ?, ?, ?, ?, ?, ?, ?) as w(tenant, machine, subject_id, epoch, doubt, forget, wait, version)
            where""" + HELD;
    /** The parameter before the arrays: whether to mark or to unmark. */
    private static final String SEND_ANYWAY_OR_NOT = """
            update ${p}payload p set
                fingerprint = case when w.anyway then '!' || p.fingerprint else substring(p.fingerprint from 2) end
            from (select ? as anyway, k.* from unnest(?, ?, ?) as k(tenant, machine, subject_id)) w
            where p.subject_id = any(array[w.subject_id]) and p.machine = w.machine and p.tenant = w.tenant
                and p.state = 'PRESENT' and starts_with(p.fingerprint, '!') <> w.anyway
            returning 1""";

    private static final String FIND = "select " + KNOWN
            + ", p.doubt or p.intended from ${p}payload p where p.tenant = ? and p.machine = ? and p.subject_id = ?";

    private static final String FIND_ALL = "select " + KNOWN + """
            , p.doubt or p.intended, p.tenant, p.machine, p.subject_id from ${p}payload p
            join unnest(?, ?, ?) as k(tenant, machine, subject_id)
                on p.subject_id = any(array[k.subject_id]) and p.machine = k.machine and p.tenant = k.tenant""";
    private static final String OUTDATED = """
            select p.tenant, p.machine, p.subject_id from ${p}payload p
            where p.machine = ? and p.state = 'PRESENT' and p.builder_version < ?
                and (p.subject_id, p.machine, p.tenant) > (?, ?, ?)
            order by p.subject_id, p.machine, p.tenant limit ?""";
    private static final String ERASE = """
            update ${p}payload p set body = null,
                intent_kind = case when p.doubt or p.intended then p.intent_kind end,
                intent_fingerprint = case when p.doubt or p.intended then p.intent_fingerprint end,
                intent_key = case when p.doubt or p.intended then p.intent_key end,
                intent_body = case when p.doubt or p.intended then p.intent_body end
            where p.tenant = ? and p.machine = ? and p.subject_id = ? returning 1""";
    /** The first row tells how many were looked at, and which of them last. */
    private static final String DELETE_TOMBSTONES = """
            with looked as (
                select tenant, machine, subject_id, state from ${p}payload
                where (subject_id, machine, tenant) > (?, ?, ?) order by subject_id, machine, tenant limit ?),
            gone as (
                delete from ${p}payload p using looked l
                where l.state in ('NEVER', 'ABSENT')
                    and p.subject_id = any(array[l.subject_id]) and p.machine = l.machine and p.tenant = l.tenant
                    and p.state <> 'PRESENT' and not p.intended and not p.doubt
                    and p.used_at < clock_timestamp() - ? * interval '1 microsecond')
            select count(*) over (), tenant, machine, subject_id from looked
            order by subject_id desc, machine desc, tenant desc limit 1""";

    private final Database database;

    PostgresPayloads(Database database) {
        this.database = database;
    }

    @Override
    public List<Opening> open(List<SubjectKey> keys) {
        if (keys.isEmpty()) {
            return List.of();
        }
        Map<SubjectKey, Opening> byKey = new HashMap<>();
        open(keys, false).forEach(opening -> byKey.put(opening.key(), opening));
        return keys.stream().map(byKey::get).toList();
    }

    @Override
    public void doubt(Collection<SubjectKey> keys) {
        if (!keys.isEmpty()) {
            open(keys, true);
        }
    }

    private List<Opening> open(Collection<SubjectKey> keys, boolean doubt) {
        return database.query(
                OPEN, statement -> keys(statement.flag(doubt), keys, key -> key), PostgresPayloads::opening);
    }

    private static Opening opening(ResultSet row) throws SQLException {
        SubjectKey key = new SubjectKey(row.getString(11), row.getString(12), row.getString(13));
        return new Opening(key, row.getLong(14), known(row), Duration.ofNanos(row.getLong(15) * 1_000));
    }

    /** A row of state, fingerprint, body, remote id, the intent's kind, fingerprint, key and body, builder version, and doubt. */
    static PayloadRecord known(ResultSet row) throws SQLException {
        return new PayloadRecord(
                State.valueOf(row.getString(1)),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getBoolean(10),
                intent(row.getString(5), row.getString(6), row.getString(7), row.getString(8)),
                row.getInt(9));
    }

    private static @Nullable PendingIntent intent(
            @Nullable String kind, @Nullable String fingerprint, @Nullable String key, @Nullable String body) {
        return kind == null || fingerprint == null || key == null
                ? null
                : new PendingIntent(PublicationKind.valueOf(kind), fingerprint, key, body);
    }

    @Override
    public void sendAnyway(Collection<SubjectKey> keys, boolean anyway) {
        if (!keys.isEmpty()) {
            database.query(
                    SEND_ANYWAY_OR_NOT,
                    statement -> keys(statement.flag(anyway), keys, key -> key),
                    row -> row.getInt(1));
        }
    }

    @Override
    public Set<Long> intent(Collection<Intent> intents) {
        return update(
                INTENT,
                intents,
                statement -> keys(statement, intents, Intent::key)
                        .longs(intents, Intent::epoch)
                        .texts(intents, intent -> intent.intent().kind().name())
                        .texts(intents, intent -> intent.intent().fingerprint())
                        .texts(intents, intent -> intent.intent().idempotencyKey())
                        .texts(intents, intent -> intent.intent().body())
                        .longs(intents, intent -> ArrayStatement.micros(intent.deadline())));
    }

    @Override
    public Set<Long> record(Collection<Acknowledgement> acknowledgements) {
        return update(
                RECORD,
                acknowledgements,
                statement -> keys(statement, acknowledgements, Acknowledgement::key)
                        .longs(acknowledgements, Acknowledgement::epoch)
                        .texts(
                                acknowledgements,
                                acknowledgement -> acknowledgement.state().name())
                        .texts(acknowledgements, Acknowledgement::fingerprint)
                        .texts(acknowledgements, Acknowledgement::body)
                        .texts(acknowledgements, Acknowledgement::remoteId)
                        .longs(acknowledgements, acknowledgement -> (long) acknowledgement.builderVersion()));
    }

    @Override
    public Set<Long> close(Collection<Closing> closings) {
        return update(
                CLOSE,
                closings,
                statement -> keys(statement, closings, Closing::key)
                        .longs(closings, Closing::epoch)
                        .booleans(closings, Closing::inDoubt)
                        .booleans(closings, Closing::forgetIntent)
                        .longs(closings, closing -> {
                            Duration waitOut = closing.waitOut();
                            return waitOut == null ? null : Long.valueOf(ArrayStatement.micros(waitOut));
                        })
                        .longs(closings, closing -> {
                            Integer version = closing.builderVersion();
                            return version == null ? null : Long.valueOf(version);
                        }));
    }

    @Override
    public Optional<PayloadRecord> find(SubjectKey key) {
        return database
                .query(
                        FIND,
                        statement ->
                                statement.text(key.tenant()).text(key.machine()).text(key.id()),
                        PostgresPayloads::known)
                .stream()
                .findFirst();
    }

    @Override
    public Map<SubjectKey, PayloadRecord> find(Collection<SubjectKey> keys) {
        Map<SubjectKey, PayloadRecord> found = new HashMap<>();
        if (!keys.isEmpty()) {
            database.query(
                    FIND_ALL,
                    statement -> keys(statement, keys, key -> key),
                    row -> found.put(
                            new SubjectKey(row.getString(11), row.getString(12), row.getString(13)), known(row)));
        }
        return found;
    }

    @Override
    public List<SubjectKey> outdated(String machine, int version, @Nullable SubjectKey after, int limit) {
        return database.query(
                OUTDATED,
                statement -> statement
                        .text(machine)
                        .number(version)
                        .text(after == null ? "" : after.id())
                        .text(after == null ? "" : after.machine())
                        .text(after == null ? "" : after.tenant())
                        .number(limit),
                row -> new SubjectKey(row.getString(1), row.getString(2), row.getString(3)));
    }

    @Override
    public boolean erase(SubjectKey key) {
        return !database.query(
                        ERASE,
                        statement ->
                                statement.text(key.tenant()).text(key.machine()).text(key.id()),
                        row -> row.getInt(1))
                .isEmpty();
    }

    @Override
    public @Nullable SubjectKey deleteTombstones(Duration unusedFor, @Nullable SubjectKey after, int limit) {
        List<Looked> looked = database.query(
                DELETE_TOMBSTONES,
                statement -> statement
                        .text(after == null ? "" : after.id())
                        .text(after == null ? "" : after.machine())
                        .text(after == null ? "" : after.tenant())
                        .number(limit)
                        .number(ArrayStatement.micros(unusedFor)),
                row -> new Looked(
                        row.getLong(1), new SubjectKey(row.getString(2), row.getString(3), row.getString(4))));
        return looked.isEmpty() || looked.get(0).count() < limit
                ? null
                : looked.get(0).last();
    }

    private record Looked(long count, SubjectKey last) {}

    private Set<Long> update(String sql, Collection<?> batch, ArrayStatement.Binder parameters) {
        return batch.isEmpty() ? Set.of() : new HashSet<>(database.query(sql, parameters, row -> row.getLong(1)));
    }

    private static <T> ArrayStatement keys(ArrayStatement statement, Collection<T> batch, Function<T, SubjectKey> key)
            throws SQLException {
        return statement
                .texts(batch, item -> key.apply(item).tenant())
                .texts(batch, item -> key.apply(item).machine())
                .texts(batch, item -> key.apply(item).id());
    }
}
