package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.syncmachine.testing.DatabaseKind;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which databases are known, and which of them are too old. */
class DialectsTest {

    @Test
    void anUnknownDatabaseIsToldTheKnownOnes() {
        assertThatThrownBy(() -> Dialects.of(database("Oracle", "23.4")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Oracle 23.4")
                .hasMessageContaining("PostgreSQL 12.0, H2 2.2, MariaDB 10.6, MySQL 8.0 and newer");
    }

    @ParameterizedTest
    @CsvSource({
        "PostgreSQL, 11.22, 12.0",
        "H2, 2.1.214 (2022-06-13), 2.2",
        "MariaDB, 10.5.29-MariaDB, 10.6",
        "MySQL, 5.5.5-10.5.29-MariaDB-log, 10.6",
        "MySQL, 5.7.44-log, 8.0"
    })
    void aDatabaseThatIsTooOldIsToldWhatIsNeeded(String product, String version, String needed) {
        assertThatThrownBy(() -> Dialects.of(database(product, version)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(version)
                .hasMessageContaining(needed + " or newer");
    }

    @ParameterizedTest
    @CsvSource({
        "PostgreSQL, 12.0, PostgreSQL",
        "PostgreSQL, 17.11 (Debian 17.11-1), PostgreSQL",
        "PostgreSQL, 18beta1, PostgreSQL",
        "H2, 2.2.224 (2023-09-17), H2",
        "MariaDB, 10.6.12-MariaDB, MariaDB",
        "MySQL, 5.5.5-11.4.5-MariaDB, MariaDB",
        "MySQL, 8.0.36, MySQL",
        "MySQL, 9.5.0, MySQL"
    })
    void aDatabaseIsKnownByProductAndVersion(String product, String version, String expected) {
        assertThat(Dialects.of(database(product, version)).product()).isEqualTo(expected);
    }

    /** What is tested on one holds for the other. */
    @Test
    void mariaDbAndMySqlHaveTheSameTables() throws Exception {
        assertThat(script("mysql").replace("MySQL 8.0", "MariaDB 10.6")).isEqualTo(script("mariadb"));
    }

    private static String script(String folder) throws Exception {
        try (InputStream script = JdbcStore.class.getResourceAsStream(folder + "/V1__sync_machine.sql")) {
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Reported as skipped where there is no MySQL. */
    @Test
    void mySqlIsTested() {
        assumeThat(DatabaseKind.MYSQL.absence()).isNull();
    }

    private static DataSource database(String product, String version) {
        return answering(
                DataSource.class,
                answering(
                        Connection.class,
                        Proxy.newProxyInstance(
                                DialectsTest.class.getClassLoader(),
                                new Class<?>[] {DatabaseMetaData.class},
                                (self, method, arguments) ->
                                        method.getName().equals("getDatabaseProductName") ? product : version)));
    }

    private static <T> T answering(Class<T> type, Object answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) -> method.getName().startsWith("get") ? answer : null));
    }
}
