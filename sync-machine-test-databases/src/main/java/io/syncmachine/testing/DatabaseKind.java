package io.syncmachine.testing;

import org.jspecify.annotations.Nullable;

/** The databases that the store is tested on. */
public enum DatabaseKind {
    /** An embedded server. */
    POSTGRESQL,
    /** In memory. */
    H2,
    /** An embedded server. */
    MARIADB,
    /** The same server, spoken to as if it were a MySQL, by MySQL's driver; only with {@code -Dmysql.driver=true}. */
    MARIADB_BY_MYSQL_DRIVER,
    /** A server that is told by {@code -Dmysql.url=jdbc:mysql://host/?user=…&password=…}; its user must be allowed to make databases. */
    MYSQL;

    private static final boolean MYSQL_DRIVER = Boolean.getBoolean("mysql.driver");
    private static final @Nullable String MYSQL_URL = System.getProperty("mysql.url");

    /** Why there is none here, or null. */
    public @Nullable String absence() {
        if (this == MYSQL && MYSQL_URL == null) {
            return "no MySQL to test on: -Dmysql.url=jdbc:mysql://… says where there is one";
        }
        return this == MARIADB_BY_MYSQL_DRIVER && !MYSQL_DRIVER
                ? "MySQL's driver is tested in the profile full, or with -Dmysql.driver=true"
                : null;
    }

    /** Whether it speaks the SQL of MySQL. */
    public boolean isLikeMySql() {
        return this != POSTGRESQL && this != H2;
    }

    /** The folder of its scripts. */
    public String scripts() {
        return switch (this) {
            case POSTGRESQL -> "postgresql";
            case H2 -> "h2";
            case MARIADB, MARIADB_BY_MYSQL_DRIVER -> "mariadb";
            case MYSQL -> "mysql";
        };
    }

    static String mySqlUrl() {
        if (MYSQL_URL == null) {
            throw new IllegalStateException("mysql.url is not set");
        }
        return MYSQL_URL;
    }
}
