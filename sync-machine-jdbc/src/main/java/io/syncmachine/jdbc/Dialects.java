package io.syncmachine.jdbc;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/** All dialects that there are. */
final class Dialects {

    private static final List<Dialect> ALL =
            List.of(new PostgresDialect(), new H2Dialect(), MySqlDialect.MARIADB, MySqlDialect.MYSQL);

    private Dialects() {}

    /**
     * The dialect of a database.
     *
     * @throws IllegalStateException if there is none, or the database is too old
     */
    static Dialect of(DataSource dataSource) {
        try (Connection connection = dataSource.getConnection()) {
            DatabaseMetaData database = connection.getMetaData();
            return of(database.getDatabaseProductName(), database.getDatabaseProductVersion());
        } catch (SQLException e) {
            throw new JdbcStoreException(e);
        }
    }

    private static Dialect of(String product, String version) {
        Dialect found = ALL.stream()
                .filter(dialect -> dialect.isFor(product, version))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "the database is " + product + " " + version + ", but JdbcStore knows only " + known()));
        if (Version.of(version).compareTo(found.oldest()) < 0) {
            throw new IllegalStateException("the database is " + found.product() + " " + version
                    + ", but JdbcStore needs " + found.product() + " " + found.oldest() + " or newer");
        }
        return found;
    }

    private static String known() {
        return ALL.stream()
                .map(dialect -> dialect.product() + " " + dialect.oldest())
                .collect(Collectors.joining(", ", "", " and newer"));
    }
}
