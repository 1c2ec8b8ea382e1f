package io.syncmachine.memory;

import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Payload records in a map. */
final class InMemoryPayloads implements PayloadStore {

    private static final Comparator<SubjectKey> IN_ORDER = Comparator.comparing(SubjectKey::tenant)
            .thenComparing(SubjectKey::machine)
            .thenComparing(SubjectKey::id);

    private final Elapsed time;
    private final AtomicLong sequence;
    private final Map<SubjectKey, Kept> records = new HashMap<>();

    /**
     * A record. Its epoch stays after it is closed, so that what is written twice is accepted twice; intended tells whether the run
     * that has it open noted an intent.
     */
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

        int builderVersion;
        boolean inDoubt;
        boolean intended;
        long epoch;
        long waitEnd;
        long usedAt;

        PayloadRecord known() {
            return new PayloadRecord(state, fingerprint, body, remoteId, inDoubt || intended, intent, builderVersion);
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
            Kept kept = open(key);
            openings.add(new Opening(key, kept.epoch, kept.known(), time.until(kept.waitEnd)));
        }
        return openings;
    }

    @Override
    public synchronized void doubt(Collection<SubjectKey> keys) {
        keys.forEach(key -> open(key).inDoubt = true);
    }

    private Kept open(SubjectKey key) {
        Kept kept = records.computeIfAbsent(key, absent -> new Kept());
        kept.inDoubt |= kept.intended;
        kept.intended = false;
        kept.epoch = sequence.incrementAndGet();
        kept.usedAt = time.now();
        return kept;
    }

    @Override
    public synchronized Set<Long> intent(Collection<Intent> intents) {
        Set<Long> kept = new HashSet<>();
        for (Intent intent : intents) {
            Kept own = own(intent.key(), intent.epoch());
            if (own != null) {
                own.intent = intent.intent();
                own.intended = true;
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
                own.builderVersion = acknowledgement.builderVersion();
                own.intent = null;
                own.inDoubt = false;
                own.intended = false;
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
                own.intended = false;
                own.inDoubt |= closing.inDoubt();
                own.intent = closing.forgetIntent() ? null : own.intent;
                Duration waitOut = closing.waitOut();
                own.waitEnd = waitOut == null ? own.waitEnd : time.in(waitOut);
                Integer version = closing.builderVersion();
                own.builderVersion = version == null ? own.builderVersion : version;
                kept.add(closing.epoch());
            }
        }
        return kept;
    }

    @Override
    public synchronized void sendAnyway(Collection<SubjectKey> keys, boolean anyway) {
        for (SubjectKey key : keys) {
            Kept kept = records.get(key);
            String fingerprint = kept == null ? null : kept.fingerprint;
            if (kept != null && fingerprint != null && kept.state == State.PRESENT) {
                String plain =
                        fingerprint.startsWith(SEND_ANYWAY) ? fingerprint.substring(SEND_ANYWAY.length()) : fingerprint;
                kept.fingerprint = anyway ? SEND_ANYWAY + plain : plain;
            }
        }
    }

    private @Nullable Kept own(SubjectKey key, long epoch) {
        Kept kept = records.get(key);
        if (kept == null || kept.epoch != epoch) {
            return null;
        }
        kept.usedAt = time.now();
        return kept;
    }

    @Override
    public synchronized Optional<PayloadRecord> find(SubjectKey key) {
        return Optional.ofNullable(records.get(key)).map(Kept::known);
    }

    @Override
    public synchronized List<SubjectKey> outdated(String machine, int version, @Nullable SubjectKey after, int limit) {
        return records.entrySet().stream()
                .filter(entry -> entry.getKey().machine().equals(machine))
                .filter(entry -> entry.getValue().state == State.PRESENT && entry.getValue().builderVersion < version)
                .map(Map.Entry::getKey)
                .filter(key -> after == null || IN_ORDER.compare(key, after) > 0)
                .sorted(IN_ORDER)
                .limit(limit)
                .toList();
    }

    @Override
    public synchronized boolean erase(SubjectKey key) {
        Kept kept = records.get(key);
        if (kept == null) {
            return false;
        }
        kept.body = null;
        kept.intent = kept.inDoubt || kept.intended ? kept.intent : null;
        return true;
    }

    @Override
    public synchronized @Nullable SubjectKey deleteTombstones(
            Duration unusedFor, @Nullable SubjectKey after, int limit) {
        List<SubjectKey> looked = records.keySet().stream()
                .filter(key -> after == null || IN_ORDER.compare(key, after) > 0)
                .sorted(IN_ORDER)
                .limit(limit)
                .toList();
        looked.stream()
                .filter(key -> isTombstone(Objects.requireNonNull(records.get(key)), unusedFor))
                .forEach(records::remove);
        return looked.size() < limit ? null : looked.get(limit - 1);
    }

    private boolean isTombstone(Kept kept, Duration unusedFor) {
        return kept.state != State.PRESENT
                && !kept.intended
                && !kept.inDoubt
                && time.now() - kept.usedAt > unusedFor.toNanos();
    }

    /** Forgets a record, as if its subject had never been opened. */
    synchronized void forget(SubjectKey key) {
        records.remove(key);
    }
}
