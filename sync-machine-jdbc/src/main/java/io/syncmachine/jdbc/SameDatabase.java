package io.syncmachine.jdbc;

import io.syncmachine.spi.LeaseStore;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a connection leads to a store's own tables, whatever its URL says: the same server may have two names, and one
 * name may lead to a replica; tables may have the same names in another database or schema.
 *
 * <p>Where the database can name the place of a table (see {@link Dialect#place}) both sides' names are compared; that needs no
 * grant. Elsewhere the store takes a lease under a random key, which must be refused to the other side: that also fails where the
 * other side cannot write or is behind. Neither needs two connections at once, so a pool of one will do, and any number of nodes may
 * do this together.
 */
final class SameDatabase {

    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final Pattern IN_BRACKETS = Pattern.compile("\\(.*\\)");
    private static final Pattern PARAMETERS = Pattern.compile("[?;].*");
    private static final Pattern BEFORE_HOST = Pattern.compile("^((?:\\w+:)*//|(?:\\w+:){0,2}).*@");
    private static final Pattern ADDRESS = Pattern.compile("(?:\\w+:)+//[\\w.,\\-\\[\\]]+(?::\\d+)?(?:/[\\w.\\-]*)?");

    private final Database store;
    private final Dialect dialect;

    /** What is found out of one side. */
    private record Side(String description, @Nullable String place) {}

    SameDatabase(Database store, Dialect dialect) {
        this.store = store;
        this.dialect = dialect;
    }

    /**
     * Checks the connections that are lent.
     *
     * @return the place of the store's tables, null if the database cannot tell
     * @throws IllegalStateException if they lead elsewhere, or that cannot be found out
     */
    @Nullable
    String require(JdbcStore.Lender lender) {
        Side own = store.call(this::look);
        if (own.place() == null) {
            requireRefusal(own, lender);
        } else {
            lend(own, lender, connection -> requireEqual(own, look(connection)));
        }
        return own.place();
    }

    /**
     * Checks a connection in the middle of somebody's transaction, if a look at it is enough; holds no second one meanwhile.
     *
     * @param ownPlace what {@link #require} answered
     */
    void requireAtAGlance(@Nullable String ownPlace, Connection connection) throws SQLException {
        if (ownPlace != null && !ownPlace.equals(dialect.place(connection, table()))) {
            throw new IllegalStateException(
                    "the connection is one of " + describe(connection)
                            + ", but the tables that changes are written to are elsewhere: use the data source of the entities");
        }
    }

    private String table() {
        return store.sql("${p}outbox");
    }

    private Side look(Connection connection) throws SQLException {
        return new Side(describe(connection), dialect.place(connection, table()));
    }

    private static void requireEqual(Side own, Side other) {
        if (!Objects.equals(own.place(), other.place())) {
            throw different(own, other);
        }
    }

    private void requireRefusal(Side own, JdbcStore.Lender lender) {
        Set<String> key = Set.of("same-database-" + UUID.randomUUID());
        LeaseStore leases = dialect.leases(store);
        leases.tryAcquire(key, "store", LEASE);
        try {
            lend(own, lender, connection -> {
                LeaseStore others = dialect.leases(new Database(only(connection), dialect, store.prefix()));
                if (!others.tryAcquire(key, "entities", LEASE).isEmpty()) {
                    throw different(own, new Side(describe(connection), null));
                }
            });
        } finally {
            leases.release(key, "store");
        }
    }

    private void lend(Side own, JdbcStore.Lender lender, JdbcStore.Borrower check) {
        try {
            lender.lend(connection -> inLentTransaction(own, connection, check));
        } catch (SQLException e) {
            throw unknown(own, "the database of the entities", e);
        }
    }

    private void inLentTransaction(Side own, Connection connection, JdbcStore.Borrower check) throws SQLException {
        if (connection.isReadOnly()) {
            throw new IllegalStateException("the connections of the entities, to " + describe(connection)
                    + ", are read-only: they may lead to a replica, and no change can be captured with them;"
                    + " use a data source of the primary database whose connections are not marked read-only");
        }
        String description = describe(connection);
        try (LentTransaction transaction = new LentTransaction(connection, LentTransaction.isTooLow(connection))) {
            check.use(transaction.connection());
        } catch (SQLException | JdbcStoreException e) {
            throw isMissingTable(e) ? different(own, new Side(description, null)) : unknown(own, description, e);
        }
    }

    private boolean isMissingTable(Exception e) {
        return e.getCause() instanceof SQLException cause && dialect.isMissingTable(cause);
    }

    private static IllegalStateException different(Side own, Side other) {
        return new IllegalStateException("changes could not be captured in the transactions that make them: the store's"
                + " tables are in " + own.description() + ", but the entities' connections lead to "
                + other.description() + ", which is another database, schema or replica."
                + " Give JdbcStore the data source of the entities, and make its tables there");
    }

    private static IllegalStateException unknown(Side own, String other, Exception e) {
        return new IllegalStateException(
                "it cannot be found out whether the entities, in " + other
                        + ", are in the same database as the store's tables, in " + own.description()
                        + ", as they must be; the cause says why",
                e);
    }

    /** URL and schema, without anything secret. */
    private static String describe(Connection connection) throws SQLException {
        String schema = connection.getSchema() == null ? connection.getCatalog() : connection.getSchema();
        String url = connection.getMetaData().getURL();
        return (url == null ? "a database without a URL" : withoutSecrets(url))
                + (schema == null ? "" : " (schema " + schema + ")");
    }

    /**
     * Drivers take users, passwords and keys before the host, in brackets, and as parameters after a question mark or semicolon;
     * where it is not sure what is what, little is left.
     */
    static String withoutSecrets(String url) {
        String plain = IN_BRACKETS.matcher(url).replaceAll("(…)");
        Matcher parameters = PARAMETERS.matcher(plain);
        if (!parameters.find()) {
            return BEFORE_HOST.matcher(plain).replaceFirst("$1");
        }
        String address = plain.substring(0, parameters.start());
        return parameters.group().indexOf('@') < 0 || ADDRESS.matcher(address).matches()
                ? BEFORE_HOST.matcher(address).replaceFirst("$1")
                : BEFORE_HOST.matcher(address + '@').replaceFirst("$1") + '…';
    }

    /** A data source of one connection. */
    private static DataSource only(Connection connection) {
        return (DataSource) Proxy.newProxyInstance(
                SameDatabase.class.getClassLoader(), new Class<?>[] {DataSource.class}, (self, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        return connection;
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }
}
