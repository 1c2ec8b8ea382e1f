package io.syncmachine.jdbc;

import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.TestDatabase;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Gives each transaction another session, the one that has rested longest, and wipes it afterwards. Whatever would stay with a session
 * is refused.
 */
final class TransactionPooler implements AutoCloseable {

    private static final Pattern OF_THE_SESSION = Pattern.compile(
            "(listen|unlisten|notify|prepare|declare|lock tables|create temp|set (?!transaction)).*"
                    + "|.*(pg_(try_)?advisory_lock|get_lock|currval|lastval|last_insert_id"
                    + "|set_config\\((?!'\\w+', '\\w+', true\\))).*",
            Pattern.DOTALL);
    private static final Set<String> SETTINGS = Set.of(
            "setTransactionIsolation",
            "setReadOnly",
            "setCatalog",
            "setSchema",
            "setHoldability",
            "setClientInfo",
            "unwrap");

    private final LinkedBlockingQueue<Connection> sessions = new LinkedBlockingQueue<>();
    private final AtomicInteger transactions = new AtomicInteger();
    private final boolean wipes;

    TransactionPooler(TestDatabase database) throws SQLException {
        wipes = database.kind() == DatabaseKind.POSTGRESQL;
        var pool = database.anotherPool(5);
        for (int i = 0; i < 5; i++) {
            sessions.add(pool.getConnection());
        }
    }

    DataSource dataSource() {
        return proxy(DataSource.class, (self, method, arguments) -> new Client().connection());
    }

    int transactions() {
        return transactions.get();
    }

    /** One connection to the pooler. */
    private final class Client {

        private @Nullable Connection session;
        private boolean autoCommit = true;

        Connection connection() {
            return proxy(Connection.class, (self, method, arguments) -> call(method, arguments));
        }

        private @Nullable Object call(Method method, Object @Nullable [] arguments) throws Throwable {
            if (SETTINGS.contains(method.getName())) {
                throw new SQLException(method + " changes the session");
            }
            return switch (method.getName()) {
                case "getAutoCommit" -> autoCommit;
                case "setAutoCommit" -> {
                    autoCommit = arguments != null && arguments[0].equals(true);
                    yield null;
                }
                case "isWrapperFor" -> false;
                case "commit", "rollback", "close" -> end(method);
                case "createStatement", "prepareStatement" ->
                    statement((Statement) invoke(begin(), method, arguments), arguments);
                default -> invoke(begin(), method, arguments);
            };
        }

        private Connection begin() throws SQLException, InterruptedException {
            Connection current = session;
            if (current == null) {
                current = sessions.take();
                current.setAutoCommit(autoCommit);
                transactions.incrementAndGet();
                session = current;
            }
            return current;
        }

        private @Nullable Object end(Method method) throws Throwable {
            Connection current = session;
            if (current == null) {
                return null;
            }
            try {
                return method.getName().equals("close") ? null : invoke(current, method, null);
            } finally {
                if (!current.getAutoCommit()) {
                    current.rollback();
                    current.setAutoCommit(true);
                }
                if (wipes) {
                    try (Statement statement = current.createStatement()) {
                        statement.execute("discard all");
                    }
                }
                sessions.add(current);
                session = null;
            }
        }

        private Statement statement(Statement target, Object @Nullable [] prepared) throws SQLException {
            if (prepared != null) {
                check(prepared[0]);
            }
            Class<?> type = prepared == null ? Statement.class : PreparedStatement.class;
            return (Statement) proxy(type, (self, method, arguments) -> {
                if (arguments != null && method.getName().startsWith("execute")) {
                    check(arguments[0]);
                }
                return invoke(target, method, arguments);
            });
        }
    }

    private static void check(Object sql) throws SQLException {
        if (OF_THE_SESSION.matcher(sql.toString().toLowerCase(Locale.ROOT)).matches()) {
            throw new SQLException("this needs a session: " + sql);
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static Object invoke(Object target, Method method, Object @Nullable [] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    @Override
    public void close() throws SQLException {
        for (Connection session : sessions) {
            session.close();
        }
    }
}
