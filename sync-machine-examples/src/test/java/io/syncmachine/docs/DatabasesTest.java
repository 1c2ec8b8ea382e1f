package io.syncmachine.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.memory.InMemoryStore;
import java.lang.reflect.Proxy;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The snippets of the page on databases. */
class DatabasesTest {

    private final DataSource dataSource = (DataSource) Proxy.newProxyInstance(
            DatabasesTest.class.getClassLoader(), new Class<?>[] {DataSource.class}, (self, method, arguments) -> {
                throw new IllegalStateException("a store connects to nothing before it is opened");
            });

    private JdbcStore forATrial() {
        JdbcStore store =
                JdbcStore.builder(dataSource).schemaMode(SchemaMode.CREATE).build();
        return store;
    }

    private JdbcStore behindAPooler() {
        JdbcStore store = JdbcStore.builder(dataSource).wakeUps(false).build();
        return store;
    }

    private JdbcStore withJobsInMemory() {
        JdbcStore store = JdbcStore.builder(dataSource)
                .jobs(InMemoryStore.forOneProcess())
                .build();
        return store;
    }

    @Test
    void aStoreConnectsToNothingBeforeItIsOpened() {
        assertThat(forATrial()).isNotNull();
        assertThat(behindAPooler()).isNotNull();
        assertThat(withJobsInMemory()).isNotNull();
    }
}
