package io.syncmachine.postgres;

import static io.syncmachine.postgres.MySqlFunction.quote;

import io.syncmachine.ChangeHandler;
import io.syncmachine.SyncMachine;
import io.syncmachine.postgres.Declarations.Plans;
import io.syncmachine.spi.EntitySource;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The same as {@link PostgresTriggers} on MariaDB 10.6 and MySQL 8.0 or newer: triggers for each row, for these databases have no others. They
 * are not called for what a foreign key's {@code on delete cascade} or {@code set null} does, nor for TRUNCATE, nor where a replica applies
 * changes by row; tell such changes with {@code engine.changed}. Immutable; safe for use by several threads.
 */
public final class MySqlTriggers {

    private static final String DELIMITER = "$$";
    private static final int LONGEST_NAME = 64;
    private static final String RUN = "run the script of the triggers again";

    private final Plans plans;
    private final String prefix;

    /** A trigger, and on which table of which schema. */
    private record Trigger(@Nullable String schema, String table, String name, String event, String body) {

        String qualified() {
            return schema == null ? quote(name) : quote(schema) + "." + quote(name);
        }

        String on() {
            return schema == null ? quote(table) : quote(schema) + "." + quote(table);
        }

        String drop() {
            return "drop trigger if exists " + qualified();
        }

        String create() {
            return "create trigger " + qualified() + " after " + event + " on " + on() + " for each row\n" + body;
        }
    }

    private MySqlTriggers(Plans plans, String prefix) {
        this.plans = plans;
        this.prefix = prefix;
    }

    /**
     * Begins the settings.
     *
     * @param entities which knows the tables: JPA's, or those of plain JDBC whose tables are declared
     */
    public static Builder builder(EntitySource entities) {
        return new Builder(entities);
    }

    private String bare() {
        return prefix.substring(prefix.indexOf('.') + 1);
    }

    /** In the body of every trigger of this prefix. Before it, MariaDB would leave it out. */
    private String mark() {
        return "/* SyncMachine " + prefix + " */";
    }

    private List<Trigger> triggers() {
        int dot = prefix.indexOf('.');
        String outbox = (dot < 0 ? "" : quote(prefix.substring(0, dot)) + ".") + quote(bare() + "outbox");
        List<Trigger> triggers = new ArrayList<>();
        for (TablePlan plan : plans.tables()) {
            MySqlFunction function = new MySqlFunction(plan, outbox);
            triggers.add(trigger(plan, "insert", function.inserted()));
            triggers.add(trigger(plan, "update", function.updated()));
            triggers.add(trigger(plan, "delete", function.deleted()));
        }
        return triggers;
    }

    private Trigger trigger(TablePlan plan, String event, String body) {
        String name = bare() + event + "_" + plan.table();
        return new Trigger(
                plan.schema(),
                plan.table(),
                name.length() <= LONGEST_NAME ? name : bare() + event + "_" + PostgresScript.hash(plan.table()),
                event,
                "begin " + mark() + "\n" + body + "end");
    }

    /**
     * The script, with {@code delimiter} lines as the databases' own clients and Flyway take them: renews the triggers. Those of tables that
     * nobody listens to any more stay; {@link #check} names them and {@link #apply} drops them.
     */
    public String sql() {
        StringBuilder script =
                new StringBuilder("-- SyncMachine's triggers on MariaDB and MySQL, made from the declarations of its"
                        + " machines and handlers. Make it anew when\n-- these change, and do not edit it. It may be run any number of"
                        + " times.\n\ndelimiter " + DELIMITER + "\n");
        statements()
                .forEach(statement -> script.append(statement).append(DELIMITER).append("\n"));
        return script.append("delimiter ;\n").toString();
    }

    private List<String> statements() {
        List<String> statements = new ArrayList<>();
        for (Trigger trigger : triggers()) {
            statements.add(trigger.drop());
            statements.add(trigger.create());
        }
        return statements;
    }

    /**
     * Writes the script as a versioned migration for Flyway.
     *
     * @param folder made if it does not exist
     * @param version such as {@code 7} or {@code 2026.11.22}
     * @return the file, {@code V7__sync_machine_triggers.sql}
     * @throws IllegalArgumentException if the version is malformed
     */
    public Path flyway(Path folder, String version) throws IOException {
        return MigrationFile.flyway(folder, version, sql());
    }

    /**
     * Writes the script as a change log for Liquibase, of one change set.
     *
     * @param folder made if it does not exist
     * @param version as {@linkplain #flyway for Flyway}
     * @return the file, {@code 7-sync-machine-triggers.sql}
     * @throws IllegalArgumentException if the version is malformed
     */
    public Path liquibase(Path folder, String version) throws IOException {
        String script = statements().stream().collect(Collectors.joining(DELIMITER + "\n")) + DELIMITER + "\n";
        return MigrationFile.liquibase(folder, version, script, "endDelimiter:\\$\\$");
    }

    /**
     * Makes what differs anew, and drops triggers of its own that are declared no longer. Statements about triggers are each a transaction:
     * while one is renewed, changes of its table are not told. Let nobody change the tables meanwhile, or lock them.
     *
     * @throws SQLException if a statement fails; what was done before it stays
     */
    public void apply(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            Map<String, Found> found = found(connection);
            for (Trigger trigger : triggers()) {
                Found there = found.remove(key(connection, trigger));
                if (there == null || !there.isLike(trigger)) {
                    statement.execute(trigger.drop());
                    statement.execute(trigger.create());
                }
            }
            for (Found left : found.values()) {
                statement.execute("drop trigger " + quote(left.schema()) + "." + quote(left.name()));
            }
        }
    }

    /**
     * Compares the declarations with the database's catalogue. Changes nothing.
     *
     * @return every difference; empty if there is none
     * @throws SQLException if the catalogue cannot be read
     */
    public List<TriggerDrift> check(DataSource dataSource) throws SQLException {
        List<TriggerDrift> drifts = new ArrayList<>();
        try (Connection connection = dataSource.getConnection()) {
            drifts.addAll(tables(connection));
            Map<String, Found> found = found(connection);
            for (Trigger trigger : triggers()) {
                Found there = found.remove(key(connection, trigger));
                if (there == null) {
                    drifts.add(new TriggerDrift(trigger.table(), "the trigger " + trigger.name() + " is missing", RUN));
                } else if (!there.isLike(trigger)) {
                    drifts.add(new TriggerDrift(
                            trigger.table(),
                            "the trigger " + trigger.name() + " is not what the declarations make of it",
                            RUN));
                }
            }
            found.values()
                    .forEach(left -> drifts.add(new TriggerDrift(
                            left.table(),
                            "has the trigger " + left.name() + ", but nobody listens to it",
                            "drop trigger " + left.name())));
        }
        return drifts;
    }

    /**
     * The types of entities all of whose changes the triggers in the database tell, by these declarations; see {@link
     * PostgresTriggers#capturedTypes}. Types whose rows may be deleted by a foreign key of the database are the application's to leave out.
     *
     * @throws IllegalStateException if the catalogue cannot be read
     */
    public Set<String> capturedTypes(DataSource dataSource) {
        try {
            Set<String> drifting =
                    check(dataSource).stream().map(TriggerDrift::table).collect(Collectors.toSet());
            Set<String> types = new TreeSet<>();
            plans.tables().forEach(plan -> types.addAll(plan.types()));
            plans.tables().stream()
                    .filter(plan -> drifting.contains(plan.table()))
                    .forEach(plan -> types.removeAll(plan.types()));
            types.removeAll(plans.untold().keySet());
            return types;
        } catch (SQLException e) {
            throw new IllegalStateException("the triggers cannot be checked", e);
        }
    }

    private List<TriggerDrift> tables(Connection connection) throws SQLException {
        List<TriggerDrift> drifts = new ArrayList<>();
        for (TablePlan plan : plans.tables()) {
            Set<String> columns = new LinkedHashSet<>();
            query(
                    connection,
                    "select column_name from information_schema.columns where table_schema = coalesce(?, database())"
                            + " and table_name = ? order by ordinal_position",
                    row -> columns.add(row.getString(1)),
                    plan.schema(),
                    plan.table());
            Set<String> missing = new LinkedHashSet<>(plan.columns());
            missing.removeAll(columns);
            if (columns.isEmpty()) {
                drifts.add(new TriggerDrift(
                        plan.table(),
                        "does not exist",
                        "create it, or name the table and schema of the entity rightly"));
            } else if (!missing.isEmpty()) {
                drifts.add(new TriggerDrift(
                        plan.table(),
                        "has no column " + missing + ", but " + columns,
                        "add it, or name the column of the property rightly"));
            }
        }
        return drifts;
    }

    /** A trigger that is there. */
    private record Found(String schema, String table, String name, String body) {

        /** Ends of lines are the client's. */
        boolean isLike(Trigger wanted) {
            return plain(body).equals(plain(wanted.body()));
        }

        private static String plain(String body) {
            return body.replaceAll("\\s+", " ").strip();
        }
    }

    private Map<String, Found> found(Connection connection) throws SQLException {
        Map<String, Found> found = new LinkedHashMap<>();
        query(
                connection,
                "select trigger_schema, event_object_table, trigger_name, action_statement from information_schema.triggers"
                        + " where locate(?, action_statement) > 0 order by 1, 2, 3",
                row -> {
                    Found one = new Found(
                            Objects.requireNonNull(row.getString(1)),
                            Objects.requireNonNull(row.getString(2)),
                            Objects.requireNonNull(row.getString(3)),
                            Objects.requireNonNull(row.getString(4)));
                    found.put(one.schema() + "." + one.name(), one);
                },
                mark());
        return found;
    }

    private static String key(Connection connection, Trigger trigger) throws SQLException {
        return (trigger.schema() == null ? connection.getCatalog() : trigger.schema()) + "." + trigger.name();
    }

    private interface RowReader {
        void read(ResultSet row) throws SQLException;
    }

    private static void query(Connection connection, String sql, RowReader reader, @Nullable String... parameters)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    reader.read(rows);
                }
            }
        }
    }

    /** The settings: all but the entities have defaults. Not safe for use by several threads. */
    public static final class Builder {

        private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]{0,30}");

        private final EntitySource entities;
        private final List<SyncMachine<?, ?>> machines = new ArrayList<>();
        private final List<ChangeHandler<?>> handlers = new ArrayList<>();
        private String prefix = "sync_machine_";

        private Builder(EntitySource entities) {
            this.entities = Objects.requireNonNull(entities, "entities");
        }

        /** Adds machines: all that share the store, for the triggers of a table are told once for all of them. */
        public Builder machines(SyncMachine<?, ?>... machines) {
            this.machines.addAll(List.of(machines));
            return this;
        }

        /** Adds handlers of changes. */
        public Builder handlers(ChangeHandler<?>... handlers) {
            this.handlers.addAll(List.of(handlers));
            return this;
        }

        /**
         * What stands before the names of the store's tables, as {@code JdbcStore.Builder.prefix} says it; default {@code sync_machine_}.
         *
         * @throws IllegalArgumentException if it is malformed
         */
        public Builder prefix(String prefix) {
            for (String part : prefix.split("\\.", 2)) {
                if (!NAME.matcher(part).matches()) {
                    throw new IllegalArgumentException(
                            "prefix must be at most 31 lower-case letters, digits or underscores,"
                                    + " optionally after a database and a dot, but is '" + prefix + "'");
                }
            }
            this.prefix = prefix;
            return this;
        }

        /**
         * The triggers. Reads no database.
         *
         * @throws IllegalArgumentException if a declaration does not fit the entities, or the tables of one cannot be told, with the cure
         * @throws IllegalStateException if there are no machines and no handlers
         */
        public MySqlTriggers build() {
            if (machines.isEmpty() && handlers.isEmpty()) {
                throw new IllegalStateException("machines is missing: say machines(…) or handlers(…)");
            }
            return new MySqlTriggers(Declarations.plans(entities, machines, handlers), prefix);
        }
    }
}
