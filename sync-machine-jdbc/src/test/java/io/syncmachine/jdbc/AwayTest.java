package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.TestDatabase;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Which failures mean that a database is away. */
class AwayTest {

    private static int portOfNobody() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static DataSource nobody() throws IOException {
        PGSimpleDataSource nobody = new PGSimpleDataSource();
        nobody.setPortNumbers(new int[] {portOfNobody()});
        nobody.setServerNames(new String[] {"localhost"});
        nobody.setUser("nobody");
        return nobody;
    }

    private static Throwable failureOf(DataSource dataSource) {
        JdbcStore store = JdbcStore.of(dataSource);
        try {
            store.open(() -> {}, true);
        } catch (RuntimeException e) {
            assertThat(store.isAway(e)).isEqualTo(Away.is(e));
            return e;
        }
        throw new AssertionError("it could be opened");
    }

    @Test
    void aServerThatDoesNotAnswerIsAway() throws Exception {
        assertThat(Away.is(failureOf(nobody()))).isTrue();
    }

    @Test
    void aPoolWithoutAConnectionToGiveIsAway() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setDataSource(nobody());
        config.setConnectionTimeout(250);
        config.setInitializationFailTimeout(-1);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            assertThat(Away.is(failureOf(pool))).isTrue();
        }
    }

    @Test
    void aConnectionThatWasEndedIsAway() throws Exception {
        TestDatabase database = TestDatabase.create(DatabaseKind.POSTGRESQL);
        try (Connection victim = database.dataSource().getConnection();
                Connection killer = database.dataSource().getConnection();
                var statement = victim.createStatement();
                var kill = killer.prepareStatement("select pg_terminate_backend(?)")) {
            try (var row = statement.executeQuery("select pg_backend_pid()")) {
                row.next();
                kill.setInt(1, row.getInt(1));
            }
            kill.execute();
            try {
                statement.execute("select 1");
                throw new AssertionError("it was not ended");
            } catch (SQLException e) {
                assertThat(Away.is(e)).isTrue();
            }
        }
    }

    @Test
    void aMissingTableIsNotAway() {
        assertThat(Away.is(
                        failureOf(TestDatabase.create(DatabaseKind.POSTGRESQL).dataSource())))
                .isFalse();
    }

    @Test
    void aRefusedUserIsNotAway() {
        SQLException refused = new SQLException("password authentication failed", "28P01");
        assertThat(Away.is(new SQLTransientConnectionException("no connection", refused)))
                .isFalse();
        assertThat(Away.is(new SQLException("no rights", "42501"))).isFalse();
        assertThat(Away.is(new IllegalStateException("no"))).isFalse();
    }

    @Test
    void theReasonMayBeDeepInTheChain() {
        SQLException broken = new SQLException("an I/O error occurred", new ConnectException("refused"));
        assertThat(Away.is(new IllegalStateException(new RuntimeException(broken))))
                .isTrue();
    }

    @Test
    void anotherServerThatIsAwayIsNotTheDatabase() {
        assertThat(Away.is(new IllegalStateException(new ConnectException("refused"))))
                .isFalse();
    }
}
