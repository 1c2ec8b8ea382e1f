package io.syncmachine.jpa;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.JournalPolicy;
import io.syncmachine.Policy;
import io.syncmachine.ResyncRun;
import io.syncmachine.ResyncRun.Progress;
import io.syncmachine.SyncMachine;
import io.syncmachine.jpa.shop.Node;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.spi.ResyncStore.Status;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A worker in a JVM of its own with a heap of 128 MB: begins a resync if there is none, goes on with it, and tells how that went. */
final class MillionWorker {

    private MillionWorker() {}

    static Process start(String databaseUrl, File output) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MillionWorker.class.getName(),
                        databaseUrl)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output))
                .start();
    }

    private static SyncMachine<Order, Long> machine() {
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class)
                .build(Order::document)
                .publish((order, document) -> {})
                .policy(Policy.defaults().deadline(Duration.ofSeconds(1)).inFlight(200))
                .done();
    }

    public static void main(String[] arguments) throws InterruptedException {
        HikariDataSource dataSource = new HikariDataSource();
        dataSource.setJdbcUrl(arguments[0]);
        dataSource.setUsername("postgres");
        SyncMachine<Order, Long> machine = machine();
        try (Node node = Node.start(
                dataSource,
                machine,
                engine -> engine.lease(Duration.ofSeconds(5)).journal(JournalPolicy.off()))) {
            List<ResyncRun> known = node.engine().resyncs();
            ResyncRun run = known.isEmpty() ? node.engine().resync(machine).start() : known.get(0);
            long start = System.nanoTime();
            Progress progress;
            do {
                Thread.sleep(2_000);
                progress = run.progress();
                System.out.println(
                        progress + ", jobs " + node.engine().backlog().jobs() + ", heap after collections at most "
                                + peakHeap() / 1_000_000 + " MB");
            } while (progress.status() != Status.DONE);
            System.out.println(
                    "done within " + Duration.ofNanos(System.nanoTime() - start).toSeconds() + " s");
        }
    }

    private static long peakHeap() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP && pool.getCollectionUsage() != null)
                .map(MemoryPoolMXBean::getCollectionUsage)
                .mapToLong(usage -> usage.getUsed())
                .sum();
    }
}
