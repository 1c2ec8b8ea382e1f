package io.syncmachine.internal;

import io.syncmachine.DeadLetter;
import io.syncmachine.event.JournalEntry;
import io.syncmachine.spi.DeadLetterStore;
import io.syncmachine.spi.DeadLetterStore.Filter;
import io.syncmachine.spi.DeadLetterStore.Letter;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Shows dead letters by the names and in the form that people know, and does what is decided about them. */
public final class DeadLetterOffice {

    private static final Logger log = LoggerFactory.getLogger(DeadLetterOffice.class);
    private static final int AT_ONCE = 500;
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Store store;
    private final Settings settings;
    private final Map<String, Machine<?, ?, ?>> machines;

    /**
     * Makes one.
     *
     * @param machines those that run here, by their stored names
     */
    DeadLetterOffice(Store store, Settings settings, Map<String, Machine<?, ?, ?>> machines) {
        this.store = store;
        this.settings = settings;
        this.machines = machines;
    }

    private DeadLetterStore letters() {
        return store.jobs().deadLetters();
    }

    /** How many there are. */
    public long count(Filter filter) {
        return letters().count(filter);
    }

    /** Those that come after one, or the first ones. */
    public List<DeadLetter> page(Filter filter, @Nullable DeadLetter after, int size) {
        return letters().list(filter, after == null ? null : key(after), size).stream()
                .map(letter -> shown(letter, List.of()))
                .toList();
    }

    /** As it is now, with its history. */
    public Optional<DeadLetter> show(DeadLetter letter) {
        return find(key(letter));
    }

    Optional<DeadLetter> find(SubjectKey subject) {
        return find(JobKey.ensurePublication(subject.tenant(), subject.machine(), subject.id()));
    }

    private Optional<DeadLetter> find(JobKey key) {
        return letters().find(key).map(letter -> shown(letter, history(key)));
    }

    private List<JournalEntry> history(JobKey key) {
        return key.stage() == Stage.FIND_SUBJECTS
                ? List.of()
                : Explainer.timeline(
                        store, new SubjectKey(key.tenant(), key.machine(), key.key()), name(key.machine()));
    }

    private DeadLetter shown(Letter letter, List<JournalEntry> history) {
        JobKey key = letter.key();
        boolean isSubject = key.stage() != Stage.FIND_SUBJECTS;
        Instant now = settings.clock().now();
        return new DeadLetter(
                name(key.machine()),
                key.tenant(),
                isSubject ? Optional.empty() : Optional.of(key.entityType()),
                key.stage() == Stage.FOLLOW_UP,
                isSubject ? key.key() : key.entityId(),
                letter.attempts(),
                now.minus(letter.failingFor()),
                now.minus(letter.parkedFor()),
                Optional.ofNullable(letter.failure()),
                Optional.ofNullable(letter.refused()).flatMap(stored -> decoded(key, stored)),
                letter.causes(),
                history);
    }

    /** One document that cannot be read must not hide the others. */
    private Optional<String> decoded(JobKey key, String stored) {
        try {
            return Optional.of(settings.codec().decode(stored));
        } catch (RuntimeException e) {
            log.warn("the refused document of {} cannot be read: {}", key, Failures.describe(e));
            return Optional.empty();
        }
    }

    private String name(String storedName) {
        Machine<?, ?, ?> machine = machines.get(storedName);
        return machine == null ? storedName : machine.name();
    }

    private JobKey key(DeadLetter letter) {
        String storedName = machines.values().stream()
                .filter(machine -> machine.name().equals(letter.machine()))
                .map(Machine::storedName)
                .findFirst()
                .orElse(letter.machine());
        if (letter.followUp()) {
            return JobKey.followUp(letter.tenant(), storedName, letter.id());
        }
        return letter.entityType()
                .map(type -> JobKey.findSubjects(letter.tenant(), storedName, type, letter.id()))
                .orElseGet(() -> JobKey.ensurePublication(letter.tenant(), storedName, letter.id()));
    }

    /** Makes one due. */
    public boolean requeue(DeadLetter letter) {
        return letters().requeue(Map.of(key(letter), Duration.ZERO)) > 0;
    }

    /** Deletes one. */
    public boolean discard(DeadLetter letter) {
        return letters().discard(List.of(key(letter))) > 0;
    }

    /** Makes all of them due, so many in a second. */
    public long requeueAll(Filter filter, int perSecond) {
        long start = settings.clock().nanos();
        long[] next = {0};
        return inPortions(filter, keys -> {
            Duration passed = Duration.ofNanos(settings.clock().nanos() - start);
            Map<JobKey, Duration> delays = new LinkedHashMap<>();
            for (JobKey key : keys) {
                Duration due = Duration.ofNanos(next[0]++ * SECOND / perSecond).minus(passed);
                delays.put(key, due.isNegative() ? Duration.ZERO : due);
            }
            return letters().requeue(delays);
        });
    }

    /** Deletes all of them. */
    public long discardAll(Filter filter) {
        return inPortions(filter, keys -> letters().discard(keys));
    }

    /** Goes on behind the last one each time: what becomes a dead letter again meanwhile is not met again. */
    private long inPortions(Filter filter, ToIntFunction<List<JobKey>> action) {
        long done = 0;
        JobKey last = null;
        while (true) {
            List<JobKey> keys = letters().list(filter, last, AT_ONCE).stream()
                    .map(Letter::key)
                    .toList();
            if (keys.isEmpty()) {
                return done;
            }
            done += action.applyAsInt(keys);
            last = keys.get(keys.size() - 1);
        }
    }
}
