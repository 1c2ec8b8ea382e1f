package io.syncmachine.simulation;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/** Puts something before a port without naming all its methods. */
final class Ports {

    private Ports() {}

    /** What is done instead of a call. */
    interface Around {
        /**
         * Called instead.
         *
         * @param original what was to be called; may be called with other arguments, or not at all
         */
        Object call(String method, Object[] arguments, Original original) throws Throwable;
    }

    /** The call that was to be made. */
    interface Original {
        Object call(Object... arguments) throws Throwable;
    }

    static <T> T around(Class<T> port, T target, Around around) {
        InvocationHandler handler = (proxy, method, arguments) -> {
            Object[] given = arguments == null ? new Object[0] : arguments;
            if (method.getDeclaringClass() == Object.class) {
                return method.invoke(target, given);
            }
            return around.call(method.getName(), given, changed -> invoke(target, method, changed));
        };
        return port.cast(Proxy.newProxyInstance(Ports.class.getClassLoader(), new Class<?>[] {port}, handler));
    }

    private static Object invoke(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
