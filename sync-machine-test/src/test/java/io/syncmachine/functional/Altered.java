package io.syncmachine.functional;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;

/** A port of which some methods do something else; all others are the real one's. */
final class Altered {

    private Altered() {}

    /** Instead of a method; overloads share one. */
    interface Instead {
        Object call(Object[] arguments, Real real) throws Throwable;
    }

    /** The call of the real method. */
    interface Real {
        Object call() throws Throwable;
    }

    static <T> T port(Class<T> type, T real, Map<String, Instead> instead) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            Real call = () -> {
                try {
                    return method.invoke(real, args);
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                }
            };
            Instead other = instead.get(method.getName());
            return other == null ? call.call() : other.call(args, call);
        }));
    }
}
