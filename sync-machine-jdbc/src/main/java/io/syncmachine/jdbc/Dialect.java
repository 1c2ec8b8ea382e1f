package io.syncmachine.jdbc;

import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.PayloadStore;
import java.sql.SQLException;
import java.util.List;

/** What one kind of database does in its own way. */
interface Dialect {

    /** All there are. */
    List<Dialect> ALL = List.of(new PostgresDialect());

    /**
     * The dialect of a database.
     *
     * @throws IllegalStateException if there is none
     */
    static Dialect of(Database database) {
        String product = database.call(connection -> connection.getMetaData().getDatabaseProductName());
        return ALL.stream()
                .filter(dialect -> dialect.product().equals(product))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalStateException("the database is " + product + ", but JdbcStore knows only "
                                + ALL.stream().map(Dialect::product).toList()));
    }

    /** What the driver calls the database. */
    String product();

    /** The folder of the schema's scripts. */
    String scripts();

    /** Whether the exception says that a table does not exist. */
    boolean isMissingTable(SQLException e);

    /** The outbox. */
    TransactionalOutbox outbox(Database database, Wakeups wakeups);

    /** The jobs. */
    JobExecutor jobs(Database database);

    /** The payload records. */
    PayloadStore payloads(Database database);

    /** The leases. */
    LeaseStore leases(Database database);

    /** The journal. */
    Journal journal(Database database);

    /** What is known of the machines. */
    MachineRegistry machines(Database database);

    /** How processes wake each other. */
    Wakeups wakeups(Database database);
}
