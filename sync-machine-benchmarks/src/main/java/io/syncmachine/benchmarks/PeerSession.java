package io.syncmachine.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.EntityManagerFactory;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A peer and the application around it, in this process. */
final class PeerSession implements PeerControl {

    private final Setting setting;
    private final HikariDataSource pool;
    private final EntityManagerFactory factory;
    private final OrderPublisher publisher;
    private final Peer peer;
    private final double startMillis;
    private final Shop shop;
    private final Load load;
    private final FlightRecorder recorder = new FlightRecorder();
    private @Nullable EntityManagerFactory plainFactory;

    /** Opens one in an empty schema. */
    static PeerControl open(Setting setting) {
        return setting.kind().isBare() ? new BareSession(setting) : new PeerSession(setting);
    }

    private PeerSession(Setting setting) {
        this.setting = setting;
        pool = setting.database().pool(setting.connections());
        factory = Access.entities(pool, !setting.joins());
        if (!setting.joins()) {
            insertCustomers(setting.stock());
            insertCustomers(setting.stock().warm(setting.warmCustomers()));
        }
        publisher = new OrderPublisher(factory, setting.api(), setting.inFlight());
        long start = System.nanoTime();
        peer = switch (setting.kind()) {
            case SYNC_MACHINE -> new SyncMachinePeer(setting, factory, pool);
            case DB_SCHEDULER -> new DbSchedulerPeer(setting, pool, publisher);
            case JOBRUNR -> new JobRunrPeer(setting, pool, publisher);
            case TRANSACTION_OUTBOX -> new OutboxPeer(setting, pool, publisher);
            case HOOK -> new HookPeer(setting, publisher);
            case BARE_ASYNC, BARE_CLASSIC -> throw new IllegalArgumentException(setting.toString());
        };
        startMillis = (System.nanoTime() - start) / 1e6;
        shop = new Shop(factory, peer);
        load = new Load(setting.writers());
    }

    private void insertCustomers(Stock stock) {
        try (Connection connection = pool.getConnection();
                PreparedStatement insert = connection.prepareStatement(
                        "insert into customers (id, first_name, last_name, revision) values (?, ?, 'Smith', 0)")) {
            for (long id = stock.firstCustomer(); id <= stock.bigCustomer(); id++) {
                insert.setLong(1, id);
                insert.setString(2, "Anna " + id);
                insert.addBatch();
            }
            insert.executeBatch();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public Done run(Work work, boolean warmUp, long seed) {
        Stock stock = warmUp ? setting.stock().warm(setting.warmCustomers()) : setting.stock();
        long started = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        long start = System.nanoTime();
        int transactions = load.run(work, shop, stock, seed);
        return new Done(started, (System.nanoTime() - start) / 1e9, transactions);
    }

    @Override
    public long change(long order) {
        shop.nextStatus(order);
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    @Override
    public double startMillis() {
        return startMillis;
    }

    @Override
    public Captured capture(int perTransaction, int turns, int transactions) {
        if (plainFactory == null) {
            plainFactory = Access.entities(pool, false);
            load.run(Work.CREATE, new Shop(plainFactory, new NoPeer()), setting.stock(), 0);
            Sql.execute(pool, "vacuum analyze");
        }
        Shop plain = new Shop(plainFactory, new NoPeer());
        Random random = new Random(perTransaction);
        List<Double> without = new ArrayList<>();
        List<Double> with = new ArrayList<>();
        for (int turn = -1; turn < turns; turn++) { // the first warms up
            boolean plainFirst = turn % 2 == 0;
            double first = rate(plainFirst ? plain : shop, perTransaction, transactions, random);
            double second = rate(plainFirst ? shop : plain, perTransaction, transactions, random);
            if (turn >= 0) {
                without.add(plainFirst ? first : second);
                with.add(plainFirst ? second : first);
            }
        }
        return new Captured(without, with);
    }

    private double rate(Shop which, int perTransaction, int transactions, Random random) {
        List<Long> all = setting.stock().orderIds();
        int wanted = Math.min(perTransaction * transactions, all.size());
        int from = random.nextInt(all.size() - wanted + 1);
        long start = System.nanoTime();
        int done = load.changeStatuses(which, all.subList(from, from + wanted), perTransaction);
        return done / ((System.nanoTime() - start) / 1e9);
    }

    @Override
    public boolean isIdle() {
        return peer.isIdle();
    }

    @Override
    public Used used() {
        return usedByThisProcess();
    }

    static Used usedByThisProcess() {
        double heap = 0;
        for (MemoryPoolMXBean part : ManagementFactory.getMemoryPoolMXBeans()) {
            if (part.getType() == MemoryType.HEAP) {
                heap += part.getPeakUsage().getUsed() / 1e6;
            }
        }
        com.sun.management.OperatingSystemMXBean system =
                ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
        return new Used(
                system.getProcessCpuTime() / 1e9,
                ManagementFactory.getCompilationMXBean().getTotalCompilationTime() / 1e3,
                heap,
                Proc.residentMegabytes(),
                ManagementFactory.getThreadMXBean().getPeakThreadCount());
    }

    @Override
    public void startRecording() {
        recorder.start();
    }

    @Override
    public void stopRecording(String file) {
        recorder.stop(file);
    }

    @Override
    public void close() {
        load.close();
        peer.close();
        publisher.close();
        if (plainFactory != null) {
            plainFactory.close();
        }
        factory.close();
        pool.close();
    }
}
