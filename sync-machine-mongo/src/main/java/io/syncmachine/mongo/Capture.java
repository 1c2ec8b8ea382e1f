package io.syncmachine.mongo;

import com.mongodb.MongoException;
import com.mongodb.client.MongoChangeStreamCursor;
import com.mongodb.client.model.changestream.ChangeStreamDocument;
import io.syncmachine.mongo.StreamState.State;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bson.BsonDocument;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns the change stream of one collection into changes in the outbox, on a thread of its own and on one node at a time, by a lease.
 *
 * <p>The token is saved after the changes up to it are in the outbox; who takes over begins there. So a change is missed by nobody, and may be there twice,
 * which is one run. Two nodes that both believe to have the lease do no harm either: whichever token is kept, all changes up to it were
 * appended by the one who saved it, and one that is older than another repeats some.
 */
final class Capture implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(Capture.class);

    /** Not resumable, resume token not understood, too old for the server, event too large: the stream cannot go on. */
    private static final Set<Integer> LOST = Set.of(280, 286, 260, 136, 10334, 237);

    private static final int INVALID_TOKEN = 50811;
    private static final int MOST_AT_ONCE = 1_000;
    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final Duration RENEWAL = Duration.ofSeconds(5);
    private static final Duration SAVING = Duration.ofSeconds(10);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final String name;
    private final String holder;
    private final Streams streams;
    private final StreamState state;
    private final ChangeEvents events;
    private final Rescan rescan;
    private final Store store;
    private final Thread thread;
    private final List<String> lease;
    /** A stream that has begun, whose position is not known before its first change; used by the thread once that is started. */
    private @Nullable MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> begun;

    private boolean closed;
    private boolean failing;
    private Duration pause = SHORTEST_PAUSE;
    /** How often the stream was looked at and had nothing more. */
    private long quiet;

    Capture(
            String name,
            String holder,
            Streams streams,
            StreamState state,
            ChangeEvents events,
            Rescan rescan,
            Store store) {
        this.name = name;
        this.holder = holder;
        this.streams = streams;
        this.state = state;
        this.events = events;
        this.rescan = rescan;
        this.store = store;
        this.lease = List.of("capture/" + name);
        this.thread = new Thread(this, "sync-machine-capture-" + name);
        this.thread.setDaemon(true);
    }

    /** Notes where to begin, if no node has begun before, and begins: all that is changed from now on is captured. */
    void start() {
        if (state.read() == null) {
            BsonDocument token = begin();
            if (token != null) {
                state.begin(token);
            }
        }
        thread.start();
    }

    /** The position of a stream that begins now. A stand-in tells none before the first change: then the stream itself is kept. */
    private @Nullable BsonDocument begin() {
        MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> cursor = streams.open(null);
        BsonDocument token = cursor.getResumeToken();
        if (token == null) {
            begun = cursor;
        } else {
            cursor.close();
        }
        return token;
    }

    @Override
    public void run() {
        while (!isClosed()) {
            try {
                if (isMine()) {
                    capture();
                } else {
                    rest(RENEWAL);
                }
            } catch (RuntimeException e) {
                if (!isClosed()) {
                    failed(e);
                    rest(pause);
                    pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause.multipliedBy(2);
                }
            }
        }
        release();
    }

    private boolean isMine() {
        return store.leases().tryAcquire(lease, holder, LEASE).containsAll(lease);
    }

    private void release() {
        MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> kept = begun;
        if (kept != null) {
            kept.close();
        }
        try {
            store.leases().release(lease, holder);
        } catch (RuntimeException e) {
            log.debug("the lease on capturing {} ends by itself", name, e);
        }
    }

    private void failed(RuntimeException e) {
        if (failing) {
            log.debug("changes of {} are still not captured", name, e);
        } else if (store.isAway(e) || Away.is(e)) {
            log.warn("changes of {} wait: MongoDB is away: {}", name, e.toString());
        } else {
            log.error("changes of {} wait: capturing them failed, and will be tried again", name, e);
        }
        failing = true;
    }

    private void works() {
        pause = SHORTEST_PAUSE;
        if (failing) {
            failing = false;
            log.info("changes of {} are captured again", name);
        }
    }

    private void capture() {
        State from = state.read();
        BsonDocument token = from == null ? null : from.token();
        MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> kept = begun;
        if (token == null && kept == null) { // somebody has deleted it: what was missed is not known
            goOnWithout("where it was is not known any more");
            return;
        }
        begun = null;
        try (MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> cursor =
                token == null && kept != null ? kept : streams.open(token)) {
            follow(cursor, token, from == null ? null : from.rescan());
        } catch (MongoException e) {
            if (!LOST.contains(e.getCode()) && e.getCode() != INVALID_TOKEN) {
                throw e;
            }
            goOnWithout(String.valueOf(e.getMessage()));
        }
    }

    /** Until the lease is lost, or the stream ends. */
    private void follow(
            MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> cursor,
            @Nullable BsonDocument begin,
            @Nullable BsonDocument rest) {
        BsonDocument saved = begin;
        BsonDocument left = rest;
        long savedNanos = System.nanoTime();
        long renewedNanos = System.nanoTime();
        while (!isClosed()) {
            if (System.nanoTime() - renewedNanos > RENEWAL.toNanos()) {
                renewedNanos = System.nanoTime();
                if (!isMine()) {
                    return;
                }
            }
            List<Change> changes = new ArrayList<>();
            if (!read(cursor, changes)) {
                append(changes);
                goOnWithout("it was dropped or renamed");
                return;
            }
            append(changes);
            BsonDocument token = cursor.getResumeToken();
            boolean due = !changes.isEmpty() || System.nanoTime() - savedNanos > SAVING.toNanos();
            if (token != null && due && !token.equals(saved)) {
                state.captured(token);
                saved = token;
                savedNanos = System.nanoTime();
            }
            if (left != null) {
                BsonDocument next = rescan.step(left);
                if (!left.equals(next)) {
                    state.rescanned(next);
                }
                if (next == null) {
                    log.info("all of {} is gone through", name);
                }
                left = next;
            }
            works();
        }
    }

    private void append(List<Change> changes) {
        if (!changes.isEmpty()) {
            store.outbox().append(changes);
        }
    }

    /**
     * Waits a little for what is new, and takes it.
     *
     * @return false if the stream has ended
     */
    private boolean read(MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> cursor, List<Change> changes) {
        ChangeStreamDocument<BsonDocument> event = cursor.tryNext();
        if (event == null) {
            noted();
        }
        int count = 0;
        while (event != null) {
            if (ChangeEvents.endsStream(event)) {
                return false;
            }
            changes.addAll(events.changes(event));
            count++;
            event = count < MOST_AT_ONCE && cursor.available() > 0 ? cursor.tryNext() : null;
        }
        return true;
    }

    /** From now on, and all that is there is gone through for what was lost before. */
    private void goOnWithout(String why) {
        log.warn("changes of {} were lost ({}): all of it is gone through, in the background", name, why);
        state.lost(begin(), Rescan.beginning());
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized void rest(Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        long left = duration.toMillis();
        while (!closed && left > 0) {
            try {
                wait(left);
            } catch (InterruptedException e) {
                closed = true;
            }
            left = Duration.ofNanos(end - System.nanoTime()).toMillis();
        }
    }

    private synchronized void noted() {
        quiet++;
        notifyAll();
    }

    /** Waits until all that was changed before this call is captured here; tells whether it is. */
    synchronized boolean await(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        long enough = quiet + 2; // the one under way may have begun before
        while (quiet < enough) {
            long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    /** Ends it; nothing is appended any more when this returns, unless a server does not answer. */
    void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            thread.join(PATIENCE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "Capture[" + name + " by " + holder + "]";
    }
}
