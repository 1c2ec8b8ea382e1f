package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.AuditReport;
import io.syncmachine.AuditReport.Finding;
import io.syncmachine.DryRun;
import io.syncmachine.ResyncRun;
import io.syncmachine.ResyncRun.Progress;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.ResyncStore.Status;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.ManualThreads;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the page on resyncs shows. */
class ResyncDocumentTest {

    record Order(Long id, String status) {}

    private final Map<Long, String> content = new TreeMap<>();
    private final List<Object> shown = new ArrayList<>();
    private final Api api = new Api(content);
    private final SyncMachine<Order, Long> orderToApi = SyncMachine.define("order-to-api", Order.class, Long.class)
            .listenTo(Order.class)
            .build(Order::status)
            .publish((order, status) -> content.put(order.id(), "\"" + status + "\""))
            .onDelete(id -> content.remove(id))
            .done();
    private final ManualClock clock = ManualClock.create();
    private final ManualThreads threads = ManualThreads.create();
    private final InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);
    private final SyncEngine engine = start();

    /** An API that can be asked. */
    private record Api(Map<Long, String> content) {

        Optional<String> get(String path) {
            return Optional.ofNullable(content.get(Long.valueOf(path.substring("/orders/".length()))));
        }
    }

    private SyncEngine start() {
        entities.save(new Order(7L, "paid"), new Order(8L, "open"));
        return SyncEngine.builder()
                .machines(orderToApi)
                .entities(entities)
                .store(InMemoryStore.create(clock))
                .clock(clock)
                .threads(threads)
                .start();
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private void show(Object... values) {
        shown.addAll(List.of(values));
    }

    private void runAll() {
        for (int i = 0; i < 10; i++) {
            threads.runAll();
            clock.advance(Duration.ofSeconds(2));
        }
    }

    @Test
    void aResync() {
        DryRun.Estimate most = engine.resync(orderToApi).estimate();
        show(most.calls(), most.atLeast());
        assertThat(shown).containsExactly(2L, Duration.ZERO);

        ResyncRun run = engine.resync(orderToApi).start();
        runAll();
        assertThat(content).containsOnlyKeys(7L, 8L);

        engine.resync(orderToApi).force().start();
        engine.resync(orderToApi).ids(List.of(7L, 8L)).start();
        engine.resync(orderToApi).where(order -> order.status().equals("paid")).start();
        runAll();
        assertThat(engine.resyncs()).hasSize(4).allMatch(one -> one.progress().status() == Status.DONE);

        Progress progress = run.progress();
        show(progress.status(), progress.done(), progress.total(), progress.perSecond(), progress.left());
        run.pause();
        run.resume();
        run.cancel();
        assertThat(run.progress().status()).isEqualTo(Status.DONE);
    }

    @Test
    void isFollowedByABarOrByFigures() throws Exception {
        ResyncRun run = engine.resync(orderToApi).start();
        assertThat(run.progress().bar(10)).startsWith("[          ]   0 % 0 of 2");
        runAll();

        assertThat(followed(run, true))
                .startsWith("\r[")
                .contains("=] 100 % 2 of 2")
                .endsWith("\n");
        assertThat(followed(run, false)).contains("done, 2 of 2");
    }

    private static String followed(ResyncRun run, boolean terminal) throws InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        run.follow(new PrintStream(bytes, true, StandardCharsets.UTF_8), terminal);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** Compiled only. */
    static void onATerminal(ResyncRun run) throws InterruptedException {
        run.follow(System.out, true);
    }

    /** Compiled only. */
    static void ofAFile(SyncEngine engine, SyncMachine<Order, Long> orderToApi) {
        engine.resync(orderToApi).ids(List.of(7L, 8L)).start();
        engine.resync(orderToApi).idsFrom(Path.of("ids.txt")).start();
        engine.resync(orderToApi).where(order -> order.status().equals("paid")).start();
    }

    @Test
    void anAudit() {
        entities.save(new Order(9L, "new"));
        threads.runAll();

        AuditReport report = engine.audit(orderToApi).sample(0.01).run();
        show(report.drifted(), report.count(Finding.MISSING), report.examples());

        AuditReport compared = engine.audit(orderToApi)
                .against(subject -> api.get("/orders/" + subject.id()), 20) // in a second
                .heal(5) // in a second
                .run();
        assertThat(compared.count(Finding.MISSING)).isEqualTo(2);
        threads.runAll();
        assertThat(content).containsOnlyKeys(7L, 8L, 9L);
    }
}
