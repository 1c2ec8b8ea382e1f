package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.syncmachine.testing.TestDatabase;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class JdbcStoreTest {

    private final TestDatabase database = TestDatabase.create();
    private final JdbcStore store = JdbcStore.builder(database.dataSource())
            .schemaMode(SchemaMode.CREATE)
            .build();

    @AfterEach
    void close() {
        store.close();
        database.close();
    }

    @Test
    void isForOneEngineAtATime() {
        store.open(() -> {}, true);

        assertThatThrownBy(() -> store.open(() -> {}, true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("another");
    }

    @Test
    void wakesTheNextEngineThatIsGivenIt() {
        store.open(() -> {}, true);
        store.close();
        AtomicInteger wakes = new AtomicInteger();

        store.open(wakes::incrementAndGet, true);

        await().atMost(Duration.ofSeconds(20)).until(() -> wakes.get() > 0);
    }
}
