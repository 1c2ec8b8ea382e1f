package io.syncmachine.functional;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;

/** A port of which some methods do something else; all others are the real one's. */
final class Altered {

    private Altered() {}

    /** Instead of a method; overloads share one. */
    interface Instead {
        Object call(Object[] arguments) throws Exception;
    }

    static <T> T port(Class<T> type, T real, Map<String, Instead> instead) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            Instead other = instead.get(method.getName());
            if (other != null) {
                return other.call(args);
            }
            try {
                return method.invoke(real, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }
}
