package io.syncmachine.postgres;

import io.syncmachine.ChangeHandler;
import io.syncmachine.SyncMachine;
import io.syncmachine.postgres.Declarations.Plans;
import io.syncmachine.postgres.PostgresScript.Names;
import io.syncmachine.spi.EntitySource;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.sql.DataSource;

/**
 * Triggers on PostgreSQL 12 or newer that tell SyncMachine of every change of the entities that machines and handlers listen to, whoever
 * makes it: plain SQL, bulk statements, other programs, cascades. They are derived from the declarations, and write the same rows into the
 * same outbox as an application does, in the transaction of the change.
 *
 * <pre>{@code
 * PostgresTriggers triggers = PostgresTriggers.builder(entities)
 *     .machines(INVOICE_TO_API)
 *     .handlers(TOTALS)
 *     .build();
 * triggers.flyway(Path.of("src/main/resources/db/migration"), "7");
 * }</pre>
 *
 * <p>For each table there are one trigger per statement for insertions, updates and deletions, with transition tables, and one for
 * TRUNCATE. An update is told only if a column has changed that somebody listens to. Each change of a declaration makes another script:
 * run it before the nodes that declare it. {@link #check} names what is out of step. Immutable; safe for use by several threads.
 */
public final class PostgresTriggers {

    private final Plans plans;
    private final PostgresScript script;

    private PostgresTriggers(Plans plans, PostgresScript script) {
        this.plans = plans;
        this.script = script;
    }

    /**
     * Begins the settings.
     *
     * @param entities which knows the tables: JPA's, or those of plain JDBC whose tables are declared
     */
    public static Builder builder(EntitySource entities) {
        return new Builder(entities);
    }

    /**
     * The script: creates what is missing, renews what has changed, and drops triggers of its own that are declared no longer. May be run any
     * number of times; the same declarations make the same script.
     */
    public String sql() {
        return script.sql();
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
        return MigrationFile.liquibase(folder, version, sql(), "splitStatements:false");
    }

    /**
     * Runs the script, in one transaction. Needs the rights of the tables' owner, and waits for whoever changes them.
     *
     * @throws SQLException if it fails, and nothing is changed
     */
    public void apply(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            boolean autoCommit = connection.getAutoCommit();
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute(script.lock());
                statement.execute(sql());
                connection.commit();
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(autoCommit);
            }
        }
    }

    /**
     * Compares the declarations with the database's catalogue: tables, columns, functions, and on each table and partition the triggers,
     * whether they are enabled, and by which declarations they were made. Changes nothing.
     *
     * @return every difference; empty if there is none
     * @throws SQLException if the catalogue cannot be read
     */
    public List<TriggerDrift> check(DataSource dataSource) throws SQLException {
        List<TriggerDrift> drifts = new ArrayList<>();
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(true);
            PostgresCheck check = new PostgresCheck(connection, script);
            drifts.addAll(check.outbox());
            for (TablePlan plan : plans.tables()) {
                drifts.addAll(check.table(plan));
            }
            drifts.addAll(check.leftovers());
        }
        return drifts;
    }

    /**
     * The types of entities all of whose changes the triggers in the database tell, by these declarations: what a source that sees changes
     * itself may leave to them. A type with any difference is not among them, nor one of which somebody listens to what is in no column, such
     * as the inverse side of an association.
     *
     * @throws IllegalStateException if the catalogue cannot be read
     */
    public Set<String> capturedTypes(DataSource dataSource) {
        Set<String> types = new TreeSet<>();
        Set<String> others = new TreeSet<>();
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(true);
            PostgresCheck check = new PostgresCheck(connection, script);
            boolean outbox = check.outbox().isEmpty();
            for (TablePlan plan : plans.tables()) {
                (outbox && check.table(plan).isEmpty() ? types : others).addAll(plan.types());
            }
        } catch (SQLException e) {
            throw new IllegalStateException("the triggers cannot be checked", e);
        }
        types.removeAll(others);
        types.removeAll(plans.untold().keySet());
        return types;
    }

    /** The settings: all but the entities have defaults. Not safe for use by several threads. */
    public static final class Builder {

        private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]{0,30}");

        private final EntitySource entities;
        private final List<SyncMachine<?, ?>> machines = new ArrayList<>();
        private final List<ChangeHandler<?>> handlers = new ArrayList<>();
        private String prefix = "sync_machine_";
        private String schema = "public";
        private boolean perRow;
        private boolean always;

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
         * Triggers and functions have names that begin like this, too.
         *
         * @throws IllegalArgumentException if it is malformed
         */
        public Builder prefix(String prefix) {
            for (String part : prefix.split("\\.", 2)) {
                if (!NAME.matcher(part).matches()) {
                    throw new IllegalArgumentException(
                            "prefix must be at most 31 lower-case letters, digits or underscores,"
                                    + " optionally after a schema and a dot, but is '" + prefix + "'");
                }
            }
            this.prefix = prefix;
            return this;
        }

        /** The schema of tables, the outbox included, whose schema is not told; default {@code public}. */
        public Builder schema(String schema) {
            this.schema = Objects.requireNonNull(schema, "schema");
            return this;
        }

        /**
         * Triggers for each row instead of each statement: slower, but the only ones that are called where PostgreSQL's logical replication
         * applies changes, together with {@link #enableAlways}. New partitions get theirs by themselves.
         */
        public Builder forEachRow() {
            this.perRow = true;
            return this;
        }

        /** Triggers that are called in sessions whose {@code session_replication_role} is {@code replica}, too; default not. */
        public Builder enableAlways() {
            this.always = true;
            return this;
        }

        /**
         * The triggers. Reads no database.
         *
         * @throws IllegalArgumentException if a declaration does not fit the entities, or the tables of one cannot be told, with the cure
         * @throws IllegalStateException if there are no machines and no handlers
         */
        public PostgresTriggers build() {
            if (machines.isEmpty() && handlers.isEmpty()) {
                throw new IllegalStateException("machines is missing: say machines(…) or handlers(…)");
            }
            Plans plans = Declarations.plans(entities, machines, handlers);
            return new PostgresTriggers(plans, new PostgresScript(plans, new Names(prefix, schema), perRow, always));
        }
    }
}
