package io.syncmachine.testing;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** A data source that notes every statement that is executed through it, and how many connections are out. */
public final class CountingDataSource {

    private final List<String> statements = new CopyOnWriteArrayList<>();
    private final AtomicInteger connectionsOut = new AtomicInteger();
    private final AtomicInteger readOnly = new AtomicInteger();
    private final DataSource proxy;

    /** Counts for another one. */
    public CountingDataSource(DataSource target) {
        this.proxy = proxy(DataSource.class, target, (method, arguments, result) -> {
            if (method.equals("getConnection")) {
                connectionsOut.incrementAndGet();
                return connection((Connection) result);
            }
            return result;
        });
    }

    /** To be used in its place. */
    public DataSource dataSource() {
        return proxy;
    }

    /** The SQL of each executed statement, in order; a JDBC batch is one. */
    public List<String> statements() {
        return List.copyOf(statements);
    }

    /** How many connections are in use. */
    public int connectionsOut() {
        return connectionsOut.get();
    }

    /** How often a connection was marked read-only. */
    public int markedReadOnly() {
        return readOnly.get();
    }

    /** Forgets the statements. */
    public void clear() {
        statements.clear();
    }

    private Connection connection(Connection target) {
        return proxy(Connection.class, target, (method, arguments, result) -> {
            if (method.equals("close")) {
                connectionsOut.decrementAndGet();
            }
            if (method.equals("setReadOnly") && arguments[0].equals(true)) {
                readOnly.incrementAndGet();
            }
            if (result instanceof Savepoint) {
                statements.add("savepoint");
            }
            if (result instanceof PreparedStatement prepared) {
                return statement(PreparedStatement.class, prepared, String.valueOf(arguments[0]));
            }
            if (result instanceof Statement plain) {
                return statement(Statement.class, plain, "");
            }
            return result;
        });
    }

    private <S extends Statement> S statement(Class<S> type, S target, String sql) {
        return proxy(type, target, (method, arguments, result) -> {
            if (method.startsWith("execute")) {
                statements.add(arguments.length > 0 ? String.valueOf(arguments[0]) : sql);
            }
            return result;
        });
    }

    private interface After {
        Object apply(String method, Object[] arguments, Object result);
    }

    private static <T> T proxy(Class<T> type, T target, After after) {
        InvocationHandler handler = (self, method, arguments) -> {
            Object[] given = arguments == null ? new Object[0] : arguments;
            try {
                return after.apply(method.getName(), given, method.invoke(target, given));
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
