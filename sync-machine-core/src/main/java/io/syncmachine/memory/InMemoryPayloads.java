package io.syncmachine.memory;

import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Payload records in a map. */
final class InMemoryPayloads implements PayloadStore {

    private final Elapsed time;
    private final AtomicLong sequence;
    private final Map<SubjectKey, Kept> records = new HashMap<>();

    /** A record; its epoch stays after it is closed, so that what is written twice is accepted twice. */
    private static final class Kept {
        State state = State.NEVER;

        @Nullable
        String fingerprint;

        @Nullable
        String body;

        @Nullable
        String remoteId;

        @Nullable
        PendingIntent intent;

        boolean inDoubt;
        boolean open;
        long epoch;
        long waitEnd;

        PayloadRecord known() {
            return new PayloadRecord(state, fingerprint, body, remoteId, inDoubt || open, intent);
        }
    }

    InMemoryPayloads(Elapsed time, AtomicLong sequence) {
        this.time = time;
        this.sequence = sequence;
    }

    @Override
    public synchronized List<Opening> open(List<SubjectKey> keys) {
        List<Opening> openings = new ArrayList<>(keys.size());
        for (SubjectKey key : keys) {
            Kept kept = records.computeIfAbsent(key, absent -> new Kept());
            kept.inDoubt |= kept.open;
            kept.open = false;
            PayloadRecord known = kept.known();
            kept.open = true;
            kept.epoch = sequence.incrementAndGet();
            openings.add(new Opening(key, kept.epoch, known, time.until(kept.waitEnd)));
        }
        return openings;
    }

    @Override
    public synchronized Set<Long> intent(Collection<Intent> intents) {
        Set<Long> kept = new HashSet<>();
        for (Intent intent : intents) {
            Kept own = own(intent.key(), intent.epoch());
            if (own != null) {
                own.intent = intent.intent();
                own.waitEnd = time.in(intent.deadline());
                kept.add(intent.epoch());
            }
        }
        return kept;
    }

    @Override
    public synchronized Set<Long> record(Collection<Acknowledgement> acknowledgements) {
        Set<Long> kept = new HashSet<>();
        for (Acknowledgement acknowledgement : acknowledgements) {
            Kept own = own(acknowledgement.key(), acknowledgement.epoch());
            if (own != null) {
                own.state = acknowledgement.state();
                own.fingerprint = acknowledgement.fingerprint();
                own.body = acknowledgement.body();
                own.remoteId = acknowledgement.remoteId();
                own.intent = null;
                own.inDoubt = false;
                own.open = false;
                own.waitEnd = 0;
                kept.add(acknowledgement.epoch());
            }
        }
        return kept;
    }

    @Override
    public synchronized Set<Long> close(Collection<Closing> closings) {
        Set<Long> kept = new HashSet<>();
        for (Closing closing : closings) {
            Kept own = own(closing.key(), closing.epoch());
            if (own != null) {
                own.open = false;
                own.inDoubt |= closing.inDoubt();
                own.intent = closing.forgetIntent() ? null : own.intent;
                Duration waitOut = closing.waitOut();
                own.waitEnd = waitOut == null ? own.waitEnd : time.in(waitOut);
                kept.add(closing.epoch());
            }
        }
        return kept;
    }

    private @Nullable Kept own(SubjectKey key, long epoch) {
        Kept kept = records.get(key);
        return kept != null && kept.epoch == epoch ? kept : null;
    }

    @Override
    public synchronized Optional<PayloadRecord> find(SubjectKey key) {
        return Optional.ofNullable(records.get(key)).map(Kept::known);
    }

    /** Forgets a record, as if its subject had never been opened. */
    synchronized void forget(SubjectKey key) {
        records.remove(key);
    }
}
