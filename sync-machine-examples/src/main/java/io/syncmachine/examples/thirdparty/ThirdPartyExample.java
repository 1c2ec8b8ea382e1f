package io.syncmachine.examples.thirdparty;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncEngine;
import io.syncmachine.examples.support.ApiServer;
import io.syncmachine.examples.support.CallRecorder;
import io.syncmachine.examples.support.Database;
import io.syncmachine.examples.support.Outcomes;
import io.syncmachine.examples.support.Report;
import io.syncmachine.examples.support.Snapshot;
import io.syncmachine.examples.support.Transactions;
import io.syncmachine.examples.support.Trial;
import io.syncmachine.examples.support.Trial.StalledException;
import io.syncmachine.http.HttpDestination;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.JpaEntities;
import jakarta.persistence.EntityManagerFactory;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Two nodes in one process, and a third party whose records change, and which is down for a while. */
public final class ThirdPartyExample {

    private static final String DOCUMENTS = """
            select region || '/' || id, case region
                when 'north' then jsonb_build_object('id', id, 'name', name, 'cents', cents)
                else jsonb_build_object('article', 'A-' || id, 'title', name) end::text
            from item
            """;

    private static final int CONNECTIONS = 24;
    private static final int MINUTES_DOWN = 3;
    private static final int PATIENT_MINUTES = 60;
    private static final Duration LEAST_PATIENCE = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(10);

    private final Numbers numbers;
    private final Duration minute;
    private final ThirdParty thirdParty;
    private final Items items;
    private final CallRecorder pushes;
    private final Trial trial;
    private final List<Long> deleted = new ArrayList<>();
    private long secondDeletions;
    private long callsWhileDown;
    private long mayBeWhileDown;

    /**
     * How much, and how fast.
     *
     * @param items how many records there are
     * @param clockFactor by which minutes are shorter
     */
    public record Numbers(long items, long clockFactor) {}

    private ThirdPartyExample(
            Numbers numbers, Duration minute, ThirdParty thirdParty, Items items, CallRecorder pushes, Trial trial) {
        this.numbers = numbers;
        this.minute = minute;
        this.thirdParty = thirdParty;
        this.items = items;
        this.pushes = pushes;
        this.trial = trial;
    }

    /** Runs the example and says how it went. */
    public static Report run(Numbers numbers, Database.@Nullable Access given, PrintStream out) throws Exception {
        Duration minute = Duration.ofMinutes(1).dividedBy(numbers.clockFactor());
        Outcomes outcomes = new Outcomes();
        Told told = new Told();
        try (ThirdParty thirdParty = new ThirdParty();
                ApiServer counter = ApiServer.start(thirdParty.uri(), "/");
                Database database = Database.open(given);
                HikariDataSource pool = database.access().pool(CONNECTIONS);
                EntityManagerFactory factory = Database.entities(pool, true, Item.class, FetchMark.class);
                HttpDestination north = ItemSync.place(ItemSync.NORTH, counter.uri(), minute);
                HttpDestination south = ItemSync.place(ItemSync.SOUTH, counter.uri(), minute);
                Transactions transactions = new Transactions(factory);
                Node one = new Node(pool, factory, north, south, minute, told, outcomes);
                Node two = new Node(pool, factory, north, south, minute, told, outcomes)) {
            out.printf(
                    "third-party: %d records, two nodes on %s, a minute takes %d ms%n%n",
                    numbers.items(), database.description(), minute.toMillis());
            Items items = new Items(transactions);
            Trial trial = new Trial(
                            counter.recorder(), Snapshot.of(database, DOCUMENTS), one.engine::backlog, outcomes, out)
                    .patience(patience(minute));
            ThirdPartyExample example =
                    new ThirdPartyExample(numbers, minute, thirdParty, items, counter.recorder(), trial);
            try (Fetching first = new Fetching(one.engine, thirdParty, items, minute);
                    Fetching second = new Fetching(two.engine, thirdParty, items, minute)) {
                example.phases();
            } catch (StalledException e) {
                out.printf("%n  given up: %s%n", e.getMessage());
            }
            return example.checked(told);
        }
    }

    private static Duration patience(Duration minute) {
        Duration patience = minute.multipliedBy(PATIENT_MINUTES);
        return patience.compareTo(LEAST_PATIENCE) > 0 ? patience : LEAST_PATIENCE;
    }

    /** A node: an engine with both machines, and the listeners to deletions. */
    private static final class Node implements AutoCloseable {

        private final SyncEngine engine;

        Node(
                HikariDataSource pool,
                EntityManagerFactory factory,
                HttpDestination north,
                HttpDestination south,
                Duration minute,
                Told told,
                Outcomes outcomes) {
            engine = SyncEngine.builder()
                    .machines(ItemSync.north(north, minute), ItemSync.south(south, minute))
                    .handlers(
                            ItemSync.onDeletion("search-index", id -> told.add("search-index", id)),
                            ItemSync.onDeletion("audit", id -> told.add("audit", id)))
                    .entities(JpaEntities.of(factory))
                    .store(JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE).build())
                    .observer(outcomes)
                    .start();
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    /** How often each listener was told of each deletion. */
    private static final class Told {

        private static final List<String> LISTENERS = List.of("search-index", "audit");

        private final Map<String, Integer> times = new ConcurrentHashMap<>();

        void add(String listener, long id) {
            times.merge(listener + " " + id, 1, Integer::sum);
        }

        /** Deletions that a listener was not told of exactly once, and others that it was told of. */
        long wrong(List<Long> deleted) {
            Map<String, Integer> expected = new TreeMap<>();
            LISTENERS.forEach(listener -> deleted.forEach(id -> expected.put(listener + " " + id, 1)));
            Map<String, Integer> all = new TreeMap<>(times);
            all.putAll(expected);
            return all.keySet().stream()
                    .filter(key -> !times.getOrDefault(key, 0).equals(expected.getOrDefault(key, 0)))
                    .count();
        }
    }

    private void phases() throws Exception {
        trial.phase(
                "first fetch",
                "the third party's records are fetched",
                stopwatch -> change(LongStream.rangeClosed(1, numbers.items())
                        .mapToObj(id -> new FetchedItem(id, region(id), "item " + id, 100))
                        .toList()));
        trial.phase(
                "changes",
                "one record of each region has a new price and name",
                stopwatch -> change(List.of(record(1, region(1), "better"), record(2, region(2), "better"))));
        trial.phase(
                "moves",
                "one record of each region moves to the other",
                stopwatch -> change(List.of(record(1, region(2), "moved"), record(2, region(1), "moved"))));
        trial.phase("deletes", "two records are gone, and we delete them, too", stopwatch -> delete(List.of(3L, 4L)));
        trial.phase("outage", "the third party is down for " + MINUTES_DOWN + " minutes", stopwatch -> outage());
    }

    private static String region(long id) {
        return id % 2 == 0 ? ItemSync.NORTH : ItemSync.SOUTH;
    }

    private static FetchedItem record(long id, String region, String adjective) {
        return new FetchedItem(id, region, adjective + " item " + id, 200);
    }

    private long change(List<FetchedItem> changed) throws Exception {
        thirdParty.put(changed);
        awaitFetch();
        return changed.size();
    }

    /** Until what the third party says has been fetched and applied. */
    private void awaitFetch() throws InterruptedException {
        long end = System.nanoTime() + patience(minute).toNanos();
        while (!items.all().equals(thirdParty.records()) && System.nanoTime() < end) {
            Thread.sleep(POLL.toMillis());
        }
    }

    /** Whoever comes first deletes: the fetch, or one of two threads of ours. */
    private long delete(List<Long> ids) throws Exception {
        ExecutorService both = Executors.newFixedThreadPool(2);
        try {
            thirdParty.remove(ids);
            for (Long id : ids) {
                Future<Boolean> one = both.submit(() -> items.delete(id));
                Future<Boolean> other = both.submit(() -> items.delete(id));
                if (one.get() && other.get()) {
                    secondDeletions++;
                }
            }
        } finally {
            both.shutdownNow();
        }
        deleted.addAll(ids);
        awaitFetch();
        return ids.size();
    }

    /** Both places have something to be told, and nothing is let in. */
    private long outage() throws Exception {
        thirdParty.goDown();
        long start = System.nanoTime();
        long before = calls();
        List<FetchedItem> changed = thirdParty.records().values().stream()
                .map(item -> record(item.id(), item.region(), "late"))
                .toList();
        changed.forEach(item -> items.rename(item.id(), item.name()));
        Thread.sleep(minute.multipliedBy(MINUTES_DOWN).toMillis());
        callsWhileDown = calls() - before;
        mayBeWhileDown = 3 * ((System.nanoTime() - start) / minute.toNanos() + 1);
        thirdParty.put(changed);
        thirdParty.comeBack();
        awaitFetch();
        return changed.size();
    }

    private long calls() {
        return thirdParty.fetches().counts().calls() + pushes.counts().calls();
    }

    private Report checked(Told told) {
        Report report = trial.report();
        report.check(
                "fetchesInMinute", "fetches in any minute", thirdParty.fetches().mostWithin(minute, any -> true), 1);
        for (String place : List.of(ItemSync.NORTH, ItemSync.SOUTH)) {
            report.check(
                    place + "InMinute",
                    "calls to the " + place + " in any minute",
                    pushes.mostWithin(minute, subject -> subject.startsWith(place)),
                    1);
        }
        report.check("callsWhileDown", "calls while it is down", callsWhileDown, mayBeWhileDown);
        report.check("deletedTwice", "items deleted twice", secondDeletions, 0);
        report.check("toldWrongly", "deletions not told once to each", told.wrong(deleted), 0);
        return report;
    }
}
