package io.syncmachine.postgres;

import io.syncmachine.postgres.PostgresScript.Trigger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Compares a script with the catalogue of a PostgreSQL database. For one thread. */
final class PostgresCheck {

    private static final String RUN = "run the script of the triggers again";

    private static final String RELATIONS = """
            select r.rel::regclass::text, r.rel::bigint, c.relkind::text, not r.partition from (
                select to_regclass(?)::oid as rel, false as partition
                union select p.relid, true from pg_partition_tree(to_regclass(?)) p where p.relid <> to_regclass(?)) r
            join pg_class c on c.oid = r.rel""";

    private static final String COLUMNS = """
            select a.attname, t.typname, coalesce(l.collisdeterministic, true) from pg_attribute a
            join pg_type t on t.oid = a.atttypid left join pg_collation l on l.oid = a.attcollation
            where a.attrelid = ?::bigint::oid and a.attnum > 0 and not a.attisdropped order by a.attnum""";

    private static final String TRIGGERS = """
            select g.tgname, g.tgenabled::text, obj_description(g.oid, 'pg_trigger') from pg_trigger g
            where g.tgrelid = ?::bigint::oid and not g.tgisinternal""";

    private static final String FUNCTION = "select p.prosrc from pg_proc p where p.oid = to_regprocedure(?)";

    private static final String OWN = """
            select g.tgrelid::regclass::text, g.tgrelid::bigint, g.tgname from pg_trigger g
            where not g.tgisinternal and starts_with(obj_description(g.oid, 'pg_trigger'), ?) order by 1, 3""";

    private final Connection connection;
    private final PostgresScript script;
    private final Set<Long> known = new TreeSet<>();

    private record Relation(String name, long oid, String kind, boolean root) {}

    private record ColumnType(String type, boolean deterministic) {}

    private record Found(String enabled, @Nullable String comment) {}

    PostgresCheck(Connection connection, PostgresScript script) {
        this.connection = connection;
        this.script = script;
    }

    List<TriggerDrift> outbox() throws SQLException {
        String outbox = script.names().outbox();
        return query("select to_regclass(?)", row -> row.getString(1), outbox).isEmpty()
                ? List.of(new TriggerDrift(outbox, "does not exist", "make SyncMachine's tables with their own script"))
                : List.of();
    }

    List<TriggerDrift> table(TablePlan plan) throws SQLException {
        String table = script.names().table(plan);
        List<Relation> relations = query(
                RELATIONS,
                row -> new Relation(
                        Objects.requireNonNull(row.getString(1)), row.getLong(2), row.getString(3), row.getBoolean(4)),
                table,
                table,
                table);
        if (relations.isEmpty()) {
            return List.of(new TriggerDrift(
                    table, "does not exist", "create it, or name the table and schema of the entity rightly"));
        }
        relations.forEach(relation -> known.add(relation.oid()));
        List<TriggerDrift> drifts = new ArrayList<>(columns(plan, table, relations));
        drifts.addAll(function(plan, table));
        for (Relation relation : relations) {
            if (relation.kind().equals("r") || relation.kind().equals("p")) {
                drifts.addAll(triggers(plan, relation));
            } else {
                drifts.add(new TriggerDrift(
                        relation.name(),
                        "is no table of this database, so that no trigger sees what is changed in it",
                        "tell its changes with engine.changed(…)"));
            }
        }
        return drifts;
    }

    private List<TriggerDrift> columns(TablePlan plan, String table, List<Relation> relations) throws SQLException {
        long root = relations.stream()
                .filter(Relation::root)
                .findFirst()
                .orElseThrow()
                .oid();
        Map<String, ColumnType> columns = new LinkedHashMap<>();
        query(
                COLUMNS,
                row -> columns.put(
                        Objects.requireNonNull(row.getString(1)),
                        new ColumnType(Objects.requireNonNull(row.getString(2)), row.getBoolean(3))),
                root);
        List<TriggerDrift> drifts = new ArrayList<>();
        for (String column : plan.columns()) {
            if (!columns.containsKey(column)) {
                drifts.add(new TriggerDrift(
                        table,
                        "has no column '" + column + "', but " + columns.keySet(),
                        "add it, or name the column of the property rightly"));
            }
        }
        if (!drifts.isEmpty()) {
            return drifts;
        }
        for (String column : plan.comparedByType()) {
            ColumnType type = Objects.requireNonNull(columns.get(column));
            if (type.type().equals("citext") || !type.deterministic()) {
                drifts.add(new TriggerDrift(
                        table,
                        "values of the column '" + column + "' may be equal for PostgreSQL and yet differ",
                        "have it compared as text"));
            }
        }
        String failure = probe(plan);
        if (failure != null) {
            drifts.add(new TriggerDrift(
                    table,
                    "its columns cannot be compared: " + failure,
                    "have columns compared as text whose type has no equality, such as json"));
        }
        return drifts;
    }

    private @Nullable String probe(TablePlan plan) throws SQLException {
        try {
            query("select count(*) from (" + script.probe(plan) + ") as p", row -> "");
            return null;
        } catch (SQLException e) {
            if (e.getSQLState() != null && e.getSQLState().startsWith("42")) {
                return e.getMessage() == null
                        ? e.toString()
                        : e.getMessage().lines().findFirst().orElse("");
            }
            throw e;
        }
    }

    private List<TriggerDrift> function(TablePlan plan, String table) throws SQLException {
        String name = script.names().own(script.names().function(plan)) + "()";
        List<String> bodies = query(FUNCTION, row -> row.getString(1), name);
        if (bodies.isEmpty()) {
            return List.of(new TriggerDrift(table, "the function " + name + " does not exist", RUN));
        }
        return bodies.get(0).equals(script.functionBody(plan))
                ? List.of()
                : List.of(new TriggerDrift(
                        table, "the function " + name + " is not what the declarations make of it", RUN));
    }

    private List<TriggerDrift> triggers(TablePlan plan, Relation relation) throws SQLException {
        Map<String, Found> found = new LinkedHashMap<>();
        query(
                TRIGGERS,
                row -> found.put(
                        Objects.requireNonNull(row.getString(1)),
                        new Found(Objects.requireNonNull(row.getString(2)), row.getString(3))),
                relation.oid());
        List<TriggerDrift> drifts = new ArrayList<>();
        for (Trigger trigger : script.triggers(plan)) {
            if (relation.root() || trigger.onEachPartition()) {
                String problem = problem(trigger, found.get(trigger.name()));
                if (problem != null) {
                    drifts.add(new TriggerDrift(relation.name(), "the trigger " + trigger.name() + " " + problem, RUN));
                }
            }
        }
        return drifts;
    }

    private @Nullable String problem(Trigger wanted, @Nullable Found found) {
        if (found == null) {
            return "is missing";
        }
        if (!wanted.comment().equals(found.comment())) {
            return "was made by other declarations";
        }
        if (found.enabled().charAt(0) != script.enabled()) {
            return switch (found.enabled().charAt(0)) {
                case 'D' -> "is disabled";
                case 'R' -> "is enabled for replicas only";
                case 'A' -> "is always enabled, which is not declared";
                default -> "is not enabled for replicated changes, which is declared";
            };
        }
        return null;
    }

    /** Triggers of this prefix on tables that nobody listens to any more. */
    List<TriggerDrift> leftovers() throws SQLException {
        Map<String, Set<String>> left = new LinkedHashMap<>();
        query(
                OWN,
                row -> {
                    if (!known.contains(row.getLong(2))) {
                        left.computeIfAbsent(Objects.requireNonNull(row.getString(1)), table -> new TreeSet<>())
                                .add(Objects.requireNonNull(row.getString(3)));
                    }
                    return "";
                },
                script.mark());
        return left.entrySet().stream()
                .map(entry -> new TriggerDrift(
                        entry.getKey(),
                        "has the triggers " + String.join(", ", entry.getValue()) + ", but nobody listens to it",
                        RUN))
                .collect(Collectors.toList());
    }

    private interface RowReader<T> {
        @Nullable
        T read(ResultSet row) throws SQLException;
    }

    /** Nulls are left out. */
    private <T> List<T> query(String sql, RowReader<T> reader, Object... parameters) throws SQLException {
        List<T> rows = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    T row = reader.read(result);
                    if (row != null) {
                        rows.add(row);
                    }
                }
            }
        }
        return rows;
    }
}
