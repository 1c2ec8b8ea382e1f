package io.syncmachine.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** The tables' versions and scripts. */
final class Schema {

    static final int VERSION = 1;

    private static final int MAX_TRIES = 5;
    private static final Pattern END_OF_STATEMENT = Pattern.compile(";\\s*(\\n|\\z)");
    private static final String PLACEHOLDER = "${syncMachinePrefix}";

    private final Database database;
    private final Dialect dialect;

    Schema(Database database, Dialect dialect) {
        this.database = database;
        this.dialect = dialect;
    }

    void prepare(SchemaMode mode) {
        if (mode == SchemaMode.NONE) {
            return;
        }
        OptionalInt installed = installedVersion();
        if (installed.isEmpty() && mode == SchemaMode.CREATE) {
            create();
            installed = installedVersion();
        }
        if (installed.isEmpty()) {
            throw new IllegalStateException("the table " + database.prefix() + "schema does not exist: run the script "
                    + resource() + ", or use SchemaMode.CREATE for a trial");
        }
        if (installed.getAsInt() != VERSION) {
            throw new IllegalStateException(
                    "the tables " + database.prefix() + "* are of version " + installed.getAsInt()
                            + ", but this release needs version " + VERSION + ": run the scripts beside " + resource());
        }
    }

    private OptionalInt installedVersion() {
        try {
            return database.call(connection -> {
                try (Statement statement = connection.createStatement();
                        ResultSet row = statement.executeQuery(database.sql("select max(version) from ${p}schema"))) {
                    row.next();
                    int version = row.getInt(1);
                    return row.wasNull() ? OptionalInt.empty() : OptionalInt.of(version);
                }
            });
        } catch (JdbcStoreException e) {
            if (e.getCause() instanceof SQLException cause && dialect.isMissingTable(cause)) {
                return OptionalInt.empty();
            }
            throw e;
        }
    }

    /**
     * Several processes may try at once. Where a transaction can make tables, all but one fail on what is there by then, and find it
     * when they look again; elsewhere each statement does nothing if another process was quicker, or fails if that happened just then and
     * does nothing the next time, and the version comes last.
     */
    private void create() {
        for (int tries = 1; ; tries++) {
            try {
                runScript();
                return;
            } catch (JdbcStoreException e) {
                if (installedVersion().isPresent()) {
                    return;
                }
                if (tries == MAX_TRIES) {
                    throw e;
                }
            }
        }
    }

    private void runScript() {
        database.inTransaction(connection -> {
            try (Statement statement = connection.createStatement()) {
                for (String sql : END_OF_STATEMENT.splitAsStream(script()).toList()) {
                    statement.execute(sql);
                }
            }
            return VERSION;
        });
    }

    private String resource() {
        return "io/syncmachine/jdbc/" + dialect.scripts() + "/V1__sync_machine.sql";
    }

    private String script() {
        try (InputStream script = Schema.class.getResourceAsStream("/" + resource())) {
            if (script == null) {
                throw new IllegalStateException("the script " + resource() + " is missing from the jar");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8).replace(PLACEHOLDER, database.prefix());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
