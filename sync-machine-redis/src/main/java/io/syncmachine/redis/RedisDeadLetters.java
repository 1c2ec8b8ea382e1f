package io.syncmachine.redis;

import io.syncmachine.spi.DeadLetterStore;
import io.syncmachine.spi.JobKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The parked jobs. A filtered list is looked for in parts, so that Redis serves others in between. */
final class RedisDeadLetters implements DeadLetterStore {

    private static final int MOST = 1_000;

    private static final Script LETTERS = Script.of("jobs", "letters");
    private static final Script LETTER = Script.of("jobs", "letter");
    private static final Script COUNT = Script.of("count-letters");
    private static final Script REQUEUE = Script.of("jobs", "requeue");
    private static final Script DISCARD = Script.of("jobs", "discard");
    private static final Script PURGE = Script.of("jobs", "purge");

    private final JobScripts scripts;
    private final Runnable wake;

    RedisDeadLetters(JobScripts scripts, Runnable wake) {
        this.scripts = scripts;
        this.wake = wake;
    }

    /**
     * What was found in a part.
     *
     * @param last where to go on; null at the end
     */
    private record Found(@Nullable String last, long count, List<Letter> letters) {}

    private Found look(Filter filter, @Nullable String after, long most, boolean counts) {
        String tenant = filter.tenant();
        Duration parkedFor = filter.parkedFor();
        String first = tenant == null ? "-" : "[" + JobIds.first(tenant);
        List<?> answer = (List<?>) scripts.run(
                LETTERS,
                List.of(
                        after == null ? first : "(" + after,
                        tenant == null ? "+" : "(" + JobIds.last(tenant),
                        tenant == null ? "" : "1" + JobIds.escaped(tenant),
                        Objects.requireNonNullElse(filter.machine(), ""),
                        Objects.requireNonNullElse(filter.text(), ""),
                        parkedFor == null ? "" : Forms.micros(parkedFor),
                        Integer.toString(MOST),
                        Long.toString(most),
                        counts ? "1" : "0"));
        List<Letter> letters = new ArrayList<>();
        for (Object letter : (List<?>) answer.get(2)) {
            List<?> row = (List<?>) letter;
            letters.add(letter(JobIds.key((String) row.get(0)), row.subList(1, row.size()), null));
        }
        return new Found((String) answer.get(0), (Long) answer.get(1), letters);
    }

    private static Letter letter(JobKey key, List<?> row, @Nullable String refused) {
        return new Letter(
                key,
                Forms.number(row.get(0)),
                Forms.duration(row.get(1)),
                Forms.duration(row.get(2)),
                (String) row.get(3),
                refused,
                Forms.causes(row.get(4)));
    }

    @Override
    public List<Letter> list(Filter filter, @Nullable JobKey after, int limit) {
        List<Letter> letters = new ArrayList<>();
        String last = after == null ? null : JobIds.id(after);
        while (letters.size() < limit) {
            Found found = look(filter, last, (long) limit - letters.size(), false);
            letters.addAll(found.letters());
            last = found.last();
            if (last == null) {
                break;
            }
        }
        return letters;
    }

    @Override
    public Optional<Letter> find(JobKey key) {
        List<?> row = (List<?>) scripts.run(LETTER, JobIds.parts(key));
        return row.isEmpty() ? Optional.empty() : Optional.of(letter(key, row, (String) row.get(5)));
    }

    @Override
    public long count(Filter filter) {
        if (filter.equals(Filter.ALL)) {
            return (Long) scripts.run(COUNT, List.of());
        }
        Found found = look(filter, null, Integer.MAX_VALUE, true);
        long count = found.count();
        while (found.last() != null) {
            found = look(filter, found.last(), Integer.MAX_VALUE, true);
            count += found.count();
        }
        return count;
    }

    @Override
    public int requeue(Map<JobKey, Duration> delays) {
        AtomicInteger count = new AtomicInteger();
        scripts.inParts(delays.entrySet(), MOST, part -> {
            List<String> arguments = new ArrayList<>();
            part.forEach(entry -> {
                arguments.addAll(JobIds.parts(entry.getKey()));
                arguments.add(Forms.micros(entry.getValue()));
            });
            count.addAndGet(Forms.number(scripts.run(REQUEUE, arguments)));
        });
        if (!delays.isEmpty()) {
            wake.run();
        }
        return count.get();
    }

    @Override
    public int discard(Collection<JobKey> keys) {
        AtomicInteger count = new AtomicInteger();
        scripts.inParts(keys, MOST, part -> {
            List<String> arguments =
                    part.stream().flatMap(key -> JobIds.parts(key).stream()).toList();
            count.addAndGet(Forms.number(scripts.run(DISCARD, arguments)));
        });
        return count.get();
    }

    @Override
    public int purge(Duration parkedFor, int limit) {
        return Forms.number(scripts.run(PURGE, List.of(Forms.micros(parkedFor), Integer.toString(limit))));
    }
}
