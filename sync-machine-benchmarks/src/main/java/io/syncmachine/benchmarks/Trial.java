package io.syncmachine.benchmarks;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Lets a peer do works, waits until all is quiet, and compares the API with the database. */
final class Trial {

    private static final long POLL_MILLIS = 20;
    private static final Duration QUIET = Duration.ofMillis(250);
    private static final int TURNS_AT_ONCE = 5;
    /** The share of the time that the compilers of a warm JVM still work. */
    private static final double WARM = 0.05;

    private final PeerControl peer;
    private final Stub stub;
    private final @Nullable Access database;
    private final Duration patience;

    /**
     * Makes one.
     *
     * @param database what the API is compared with; null if with nothing
     * @param patience how long a work may take
     */
    Trial(PeerControl peer, Stub stub, @Nullable Access database, Duration patience) {
        this.peer = peer;
        this.stub = stub;
        this.database = database;
        this.patience = patience;
    }

    /**
     * Runs everything on a stock of its own, and what sends most again and again, until its JVM has hardly anything left to compile.
     *
     * @return how long that took
     */
    Duration warmUp(Duration atLeast, Duration atMost) {
        stub.reset(0);
        long start = System.nanoTime();
        for (Work work : Work.values()) {
            peer.run(work, true, 0);
        }
        awaitQuiet();
        long turn = 1;
        while (true) {
            long before = System.nanoTime();
            double compiled = peer.used().compilerSeconds();
            for (long last = turn + TURNS_AT_ONCE; turn < last; turn++) {
                peer.run(Work.FAN_OUT_MANY, true, turn);
                peer.run(Work.FAN_OUT_ONE, true, turn);
                awaitQuiet();
            }
            long now = System.nanoTime();
            double compiling = (peer.used().compilerSeconds() - compiled) / ((now - before) / 1e9);
            boolean warm = compiling < WARM && now - start >= atLeast.toNanos();
            if (warm || now - start >= atMost.toNanos()) {
                return Duration.ofNanos(now - start);
            }
        }
    }

    Figures measure(Work work, int needed, int delayMillis, long seed) {
        stub.reset(delayMillis);
        PeerControl.Used before = peer.used();
        Double busyBefore = Proc.busySeconds();
        PeerControl.Done done = peer.run(work, false, seed);
        Double busyAfter = awaitQuiet();
        PeerControl.Used after = peer.used();
        StubLedger.Counts counts = stub.counts();
        return new Figures(
                Math.max((counts.lastChange() - done.started()) / 1e6, done.seconds()),
                done.transactions() / done.seconds(),
                needed,
                counts.calls(),
                counts.redundant(),
                counts.overlapping(),
                counts.stale(),
                database == null ? null : (double) wrong(database).size(),
                busyBefore == null || busyAfter == null ? null : busyAfter - busyBefore,
                after.cpuSeconds() - before.cpuSeconds(),
                after.heapMegabytes(),
                after.residentMegabytes(),
                after.threads());
    }

    /** Answers how busy the processors had been when the last call came. */
    private @Nullable Double awaitQuiet() {
        long start = System.nanoTime();
        long calls = -1;
        long since = start;
        Double busy = null;
        while (true) {
            long now = System.nanoTime();
            long seen = stub.counts().calls();
            if (seen != calls) {
                calls = seen;
                since = now;
                busy = Proc.busySeconds();
            } else if (now - since > QUIET.toNanos()
                    && peer.isIdle()
                    && stub.counts().calls() == calls) {
                return busy;
            }
            if (now - start > patience.toNanos()) {
                throw new IllegalStateException("not quiet after " + patience);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    /** Which orders are at the API other than the database says, or are missing there, or too many. */
    private Set<Long> wrong(Access access) {
        Map<Long, OrderDocument> held = stub.documents();
        Map<Long, OrderDocument> expected = expected(access);
        Set<Long> wrong = new TreeSet<>(held.keySet());
        wrong.addAll(expected.keySet());
        wrong.removeIf(id -> expected.get(id) != null && expected.get(id).equals(held.get(id)));
        return wrong;
    }

    private static Map<Long, OrderDocument> expected(Access access) {
        Map<Long, OrderDocument> documents = new HashMap<>();
        try (Connection connection = DriverManager.getConnection(access.url());
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "select o.id, c.first_name || ' ' || c.last_name, o.status, o.revision + c.revision"
                                + " from orders o join customers c on c.id = o.customer_id")) {
            while (rows.next()) {
                documents.put(
                        rows.getLong(1),
                        new OrderDocument(rows.getLong(1), rows.getString(2), rows.getString(3), rows.getInt(4)));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return documents;
    }
}
