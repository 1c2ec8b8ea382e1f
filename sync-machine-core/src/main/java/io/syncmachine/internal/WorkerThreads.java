package io.syncmachine.internal;

import io.syncmachine.spi.EngineThreads;
import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread per loop; publications on virtual threads where the JDK has them, else on a pool per machine. A loop whose step fails
 * pauses, longer each time, and goes on for ever; it logs the first failure of a row and the recovery, but for those of an outage, which all
 * loops see.
 */
final class WorkerThreads implements EngineThreads {

    private static final Logger log = LoggerFactory.getLogger(WorkerThreads.class);
    private static final long KEPT_SECONDS = 60;
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private final String engine;
    private final Outage outage;
    private final List<ExecutorService> pools = new ArrayList<>();
    private final List<RunningLoop> loops = new ArrayList<>();

    WorkerThreads(String engine, Outage outage) {
        this.engine = engine;
        this.outage = outage;
    }

    @Override
    public synchronized Loop repeat(String name, Step step) {
        RunningLoop loop = new RunningLoop(name, step);
        loops.add(loop);
        loop.thread.start();
        return loop;
    }

    @Override
    public synchronized ExecutorService publications(String machine, int limit) {
        ExecutorService pool = virtualThreads(engine + "-" + machine + "-", limit);
        pools.add(pool);
        return pool;
    }

    @Override
    public void await(BooleanSupplier done, Duration patience) {
        long start = System.nanoTime();
        try {
            while (!done.getAsBoolean() && System.nanoTime() - start < patience.toNanos()) {
                Thread.sleep(2);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public synchronized void close() {
        pools.forEach(ExecutorService::shutdownNow);
        loops.forEach(loop -> loop.thread.interrupt());
    }

    /** Virtual threads, by reflection because JDK 17 has none; else so many threads at most, which are kept for a minute. */
    private static ExecutorService virtualThreads(String prefix, int limit) {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Class<?> type = Class.forName("java.lang.Thread$Builder");
            Object named = type.getMethod("name", String.class, long.class).invoke(builder, prefix, 0L);
            ThreadFactory factory = (ThreadFactory) type.getMethod("factory").invoke(named);
            return (ExecutorService) Executors.class
                    .getMethod("newThreadPerTaskExecutor", ThreadFactory.class)
                    .invoke(null, factory);
        } catch (NoSuchMethodException | ClassNotFoundException | IllegalAccessException e) {
            AtomicInteger count = new AtomicInteger();
            ThreadPoolExecutor pool = new ThreadPoolExecutor(
                    limit,
                    limit,
                    KEPT_SECONDS,
                    TimeUnit.SECONDS,
                    new LinkedBlockingQueue<>(),
                    task -> daemon(task, prefix + count.getAndIncrement()));
            pool.allowCoreThreadTimeOut(true);
            return pool;
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("virtual threads cannot be made", e.getCause());
        }
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    private final class RunningLoop implements Loop, Runnable {

        private final String name;
        private final Step step;
        private final Thread thread;
        private volatile boolean woken;
        private volatile boolean stopped;
        private Duration pause = SHORTEST_PAUSE;
        private boolean failing;

        RunningLoop(String name, Step step) {
            this.name = name;
            this.step = step;
            this.thread = daemon(this, engine + "-" + name);
        }

        @Override
        public void wake() {
            if (!woken) {
                woken = true;
                LockSupport.unpark(thread);
            }
        }

        @Override
        public void stop(Duration patience) {
            stopped = true;
            LockSupport.unpark(thread);
            try {
                if (thread != Thread.currentThread()) {
                    TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(patience.toNanos(), 1));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void run() {
            while (!stopped) {
                woken = false;
                Duration rest = runOnce();
                if (!rest.isZero() && !woken && !stopped) {
                    LockSupport.parkNanos(this, rest.toNanos());
                }
            }
            outage.isOverFor(this);
        }

        private Duration runOnce() {
            try {
                Duration rest = step.run();
                outage.isOverFor(this);
                pause = SHORTEST_PAUSE;
                if (failing) {
                    failing = false;
                    log.info("{}: works again", name);
                }
                return rest;
            } catch (Throwable e) {
                if (Thread.interrupted() && stopped) {
                    return Duration.ZERO;
                }
                boolean away = outage.isSeen(this, e);
                if (!away) {
                    outage.isOverFor(this);
                }
                if (!away && !failing) {
                    failing = true;
                    log.warn("{}: failed, and will be tried again until it works", name, e);
                }
                Duration rest = pause;
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
                woken = false;
                return rest;
            }
        }
    }
}
