package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.shop.Shop;
import io.syncmachine.testing.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many subjects are gone through by a process with a heap of 128 MB, which is killed on the way, and one that takes its place. */
@Tag("full")
class ResyncMillionTest {

    private static final int SUBJECTS = Integer.getInteger("resync.subjects", 1_000_000);

    private final TestDatabase database = TestDatabase.create();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void takesConstantMemoryAndGoesOnAfterACrash() throws Exception {
        Shop.on(database.dataSource()).close();
        try (JdbcStore store = JdbcStore.builder(database.dataSource())
                .schemaMode(SchemaMode.CREATE)
                .build()) {
            store.open(() -> {}, false);
        }
        database.execute("insert into orders (id, status) select n, 'new' from generate_series(1, " + SUBJECTS + ") n");
        File output = directory.resolve("worker.log").toFile();

        Process first = MillionWorker.start(database.url(), output);
        await().atMost(Duration.ofMinutes(10))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> published() > SUBJECTS / 4);
        first.destroyForcibly().waitFor();
        assertThat(published()).isLessThan(SUBJECTS);
        assertThat(database.number("select count(*) from sync_machine_job")).isLessThanOrEqualTo(5_000);
        Process second = MillionWorker.start(database.url(), output);
        boolean ended = second.waitFor(20, TimeUnit.MINUTES);
        tell(output);

        assertThat(ended).isTrue();
        assertThat(second.exitValue()).isZero();
        assertThat(published()).isEqualTo(SUBJECTS);
        assertThat(database.number("select count(*) from sync_machine_resync where status = 'DONE'"))
                .isEqualTo(1);
    }

    private long published() {
        return database.number("select count(*) from sync_machine_payload where state = 'PRESENT'");
    }

    @SuppressWarnings("SystemOut") // who runs it wants to read that
    private static void tell(File output) throws IOException {
        Files.readAllLines(output.toPath()).forEach(System.out::println);
    }
}
