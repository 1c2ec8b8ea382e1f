package io.syncmachine.jpa;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import javax.sql.DataSource;

/** A data source that calls somebody right before each commit, while it is armed. */
final class BeforeCommit {

    private final DataSource target;
    private final Runnable action;
    private volatile boolean armed;

    BeforeCommit(DataSource target, Runnable action) {
        this.target = target;
        this.action = action;
    }

    void arm() {
        armed = true;
    }

    void disarm() {
        armed = false;
    }

    DataSource dataSource() {
        return (DataSource) proxy(DataSource.class, target);
    }

    private Object proxy(Class<?> type, Object object) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
            if (armed && method.getName().equals("commit")) {
                action.run();
            }
            try {
                Object result = method.invoke(object, arguments);
                return result instanceof Connection ? proxy(Connection.class, result) : result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }
}
