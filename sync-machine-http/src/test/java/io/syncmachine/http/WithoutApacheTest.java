package io.syncmachine.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class WithoutApacheTest {

    /** Says which transport is used where none is said. */
    public static final class Probe implements Callable<String> {

        @Override
        public String call() {
            try (HttpDestination destination =
                    HttpDestination.to("https://api.example.com").put("/{id}").build()) {
                return destination.transportName();
            }
        }
    }

    /** Has this module's classes of its own, and none of Apache HttpClient. */
    private static final class Loader extends ClassLoader {

        Loader() {
            super(WithoutApacheTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("org.apache.hc.")) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("io.syncmachine.http.")) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded == null ? define(name) : loaded;
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            String file = name.replace('.', '/') + ".class";
            try (InputStream in = Objects.requireNonNull(getParent().getResourceAsStream(file))) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    @Test
    void javaNetHttpIsUsed() throws Exception {
        Callable<?> probe = (Callable<?>)
                new Loader().loadClass(Probe.class.getName()).getConstructor().newInstance();

        assertThat(probe.call()).isEqualTo("JdkTransport");
    }

    @Test
    void withItApacheIsUsed() {
        assertThat(new Probe().call()).isEqualTo("ApacheTransport");
    }
}
