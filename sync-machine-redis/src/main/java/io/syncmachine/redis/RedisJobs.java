package io.syncmachine.redis;

import io.syncmachine.spi.Claim;
import io.syncmachine.spi.DeadLetterStore;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Settle;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.StorePart;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.UnifiedJedis;

/**
 * Jobs in Redis, which all nodes share. Every batch is one script and one round trip, in one step per batch; times are Redis's. Safe for use
 * by several threads and nodes.
 *
 * <p>Durable as far as Redis is. With {@code appendonly yes} and {@code appendfsync always}, a job that was enqueued survives a crash of
 * Redis and its machine; with {@code everysec}, what was enqueued in about the last two seconds before a crash of the machine may be lost; with
 * {@code no}, what the system had not written; without an append-only file, all since the last snapshot. A replica that takes over lacks what
 * had not reached it. A change whose job is lost that way is not published until its subject changes again, unless it is said that Redis is
 * {@linkplain Builder#durable not to be relied on}: then it stays in the outbox until its jobs are done.
 *
 * <p>Exclusive as long as Redis forgets no claim. Where it does, in the cases above, a job may be handed out twice; that costs a repeated
 * publication at most.
 *
 * <p>In a cluster, all keys are in one hash slot, and so on one node: {@code {prefix}:…}. A key exists as long as a job needs it, and has no
 * expiry; Redis must not evict any, and one that is set up to evict keys without an expiry is refused.
 *
 * <p>Claims' tokens are not counted in Redis, for it may forget how far it was, when it is flushed or a replica takes over; a number that is
 * given twice would let a late worker end the job of its successor. Each instance counts from a random number of 64 bits instead. They
 * are only compared for equality, and with those of other claims of the same job.
 */
public final class RedisJobs implements JobExecutor, StorePart {

    private static final Logger log = LoggerFactory.getLogger(RedisJobs.class);
    /** Few enough for Redis to serve others in between. */
    private static final int MOST = 1_000;

    private static final Script COVERAGE = Script.of("jobs", "coverage");
    private static final Script ENQUEUE = Script.of("jobs", "enqueue");
    private static final Script CLAIM = Script.of("jobs", "claim");
    private static final Script ANY_DUE = Script.of("jobs", "any-due");
    private static final Script WAITING = Script.of("jobs", "waiting");
    private static final Script COMPLETE = Script.of("jobs", "complete");
    private static final Script RELEASE = Script.of("jobs", "release");
    private static final Script PARK = Script.of("jobs", "park");
    private static final Script RENEW = Script.of("jobs", "renew");
    private static final Script FIND = Script.of("jobs", "find");
    private static final Script ERASE = Script.of("jobs", "erase");
    private static final Script BACKLOGS = Script.of("backlogs");
    private static final Script LONGEST_DUE = Script.of("jobs", "longest-due");
    private static final Ending[] ENDINGS = {Ending.LOST, Ending.SETTLED, Ending.RUNS_AGAIN};

    private final JobScripts scripts;
    private final boolean exclusive;
    private final boolean durable;
    private final AtomicLong tokens = new AtomicLong(new SecureRandom().nextLong());
    private volatile Runnable wake = () -> {};

    private RedisJobs(Builder builder) {
        this.scripts = new JobScripts(new RedisServer(builder.client, builder.prefix));
        this.exclusive = builder.exclusive;
        this.durable = builder.durable;
    }

    /**
     * Jobs under the prefix {@code sync-machine}.
     *
     * @param client is not closed; must be safe for use by several threads, as those with a pool are
     */
    public static RedisJobs of(UnifiedJedis client) {
        return builder(client).build();
    }

    /**
     * Begins settings.
     *
     * @param client is not closed; must be safe for use by several threads, as those with a pool are
     */
    public static Builder builder(UnifiedJedis client) {
        return new Builder(client);
    }

    /**
     * {@inheritDoc}
     *
     * <p>A node that only captures starts without Redis.
     *
     * @throws IllegalStateException if Redis is older than 6.2, or may evict keys that have no expiry
     */
    @Override
    public void open(Runnable wake, boolean works) {
        if (works) {
            requireFit();
        }
        this.wake = wake;
    }

    private void requireFit() {
        scripts.requireFit();
        if (durable && !scripts.keepsFile()) {
            log.warn(
                    "Redis keeps no append-only file: jobs are lost if it ends, and with them changes; set appendonly yes");
        }
    }

    @Override
    public boolean isAway(Throwable failure) {
        return Away.isOurs(failure);
    }

    @Override
    public Set<Capability> capabilities() {
        Set<Capability> capabilities = EnumSet.of(Capability.SHARED);
        if (durable) {
            capabilities.add(Capability.DURABLE);
        }
        if (exclusive) {
            capabilities.add(Capability.EXCLUSIVE);
        }
        return capabilities;
    }

    @Override
    public Coverage coverage() {
        if (durable) {
            return JobExecutor.super.coverage();
        }
        List<?> answer =
                (List<?>) scripts.run(COVERAGE, List.of(UUID.randomUUID().toString()));
        Map<String, Long> covered = new HashMap<>();
        List<?> machines = (List<?>) answer.get(2);
        for (int i = 0; i < machines.size(); i += 2) {
            covered.put((String) machines.get(i), Long.parseLong((String) machines.get(i + 1)));
        }
        return new Coverage((String) answer.get(0), (Long) answer.get(1), covered);
    }

    @Override
    public void enqueue(Collection<JobRequest> requests) {
        scripts.inParts(requests, MOST, part -> {
            List<String> arguments = new ArrayList<>();
            arguments.add(durable ? "0" : "1");
            for (JobRequest request : part) {
                arguments.addAll(JobIds.parts(request.key()));
                arguments.add(Forms.changed(request.changed()));
                arguments.add(request.lane() == Lane.LIVE ? "0" : "1");
                arguments.add(Forms.causes(request.causes()));
                Settle settle = request.settle();
                arguments.add(settle == null ? "" : Forms.micros(settle.quiet()));
                arguments.add(settle == null ? "" : Forms.micros(settle.longest()));
            }
            scripts.run(ENQUEUE, arguments);
        });
    }

    @Override
    public List<Claim> claim(ClaimRequest request) {
        int limit = Math.min(request.limit(), MOST);
        if (limit <= 0) {
            return List.of();
        }
        List<String> arguments = new ArrayList<>(List.of(
                request.machine(),
                JobIds.number(request.stage()),
                Integer.toString(limit),
                Forms.micros(request.lease()),
                request.owner()));
        for (int i = 0; i < limit; i++) {
            arguments.add(Long.toString(tokens.getAndIncrement()));
        }
        List<Claim> claims = new ArrayList<>();
        for (Object row : (List<?>) scripts.run(CLAIM, arguments)) {
            claims.add(claim(request, (List<?>) row));
        }
        return claims;
    }

    private static Claim claim(ClaimRequest request, List<?> row) {
        JobKey key =
                new JobKey(JobIds.plain((String) row.get(0)), request.machine(), request.stage(), (String) row.get(1));
        return new Claim(
                key,
                Long.parseLong((String) row.get(2)),
                Forms.number(row.get(3)),
                Forms.duration(row.get(4)),
                Forms.changed(row.get(5)),
                Forms.causes(row.get(6)));
    }

    @Override
    public boolean isAnyDue(String machine, Stage stage) {
        return Forms.number(scripts.run(ANY_DUE, List.of(machine, JobIds.number(stage)))) == 1;
    }

    /** {@inheritDoc} Redis serves nobody else while a page is looked for among all jobs of a tenant. */
    @Override
    public List<JobKey> waiting(String machine, Stage stage, @Nullable JobKey after, int limit) {
        List<JobKey> keys = new ArrayList<>();
        List<?> rows = (List<?>) scripts.run(
                WAITING,
                List.of(
                        machine,
                        JobIds.number(stage),
                        after == null ? "" : "1" + JobIds.escaped(after.tenant()),
                        after == null ? "" : after.key(),
                        Integer.toString(limit)));
        for (int i = 0; i < rows.size(); i += 2) {
            keys.add(new JobKey(JobIds.plain((String) rows.get(i)), machine, stage, (String) rows.get(i + 1)));
        }
        return keys;
    }

    @Override
    public Map<Long, Ending> complete(Collection<Claim> claims) {
        return settle(COMPLETE, List.of(), claims, claim -> claim, (claim, arguments) -> {});
    }

    @Override
    public Map<Long, Ending> release(Collection<Release> releases) {
        return settle(RELEASE, List.of(), releases, Release::claim, (release, arguments) -> {
            arguments.add(Forms.micros(release.delay()));
            arguments.add(release.countsAsAttempt() ? "1" : "0");
            arguments.add(release.reason());
        });
    }

    @Override
    public Map<Long, Ending> park(Collection<Park> parks) {
        return settle(PARK, List.of(), parks, Park::claim, (park, arguments) -> {
            arguments.add(park.failure());
            arguments.add(park.refused() == null ? "" : "1" + park.refused());
        });
    }

    @Override
    public Set<Long> renew(Collection<Claim> claims, Duration lease) {
        Set<Long> renewed = new HashSet<>();
        settle(RENEW, List.of(Forms.micros(lease)), claims, claim -> claim, (claim, arguments) -> {})
                .forEach((token, ending) -> {
                    if (ending == Ending.SETTLED) {
                        renewed.add(token);
                    }
                });
        return renewed;
    }

    private <T> Map<Long, Ending> settle(
            Script script,
            List<String> first,
            Collection<T> batch,
            Function<T, Claim> claim,
            BiConsumer<T, List<String>> further) {
        Map<Long, Ending> endings = new HashMap<>();
        scripts.inParts(batch, MOST, part -> {
            List<String> arguments = new ArrayList<>(first);
            for (T item : part) {
                arguments.addAll(JobIds.parts(claim.apply(item).key()));
                arguments.add(Long.toString(claim.apply(item).token()));
                further.accept(item, arguments);
            }
            List<?> answers = (List<?>) scripts.run(script, arguments);
            for (int i = 0; i < part.size(); i++) {
                endings.put(claim.apply(part.get(i)).token(), ENDINGS[Forms.number(answers.get(i))]);
            }
        });
        return endings;
    }

    @Override
    public Map<String, Long> backlogs() {
        List<?> answer = (List<?>) scripts.run(BACKLOGS, List.of());
        Map<String, Long> backlogs = new HashMap<>();
        for (int i = 0; i < answer.size(); i += 2) {
            backlogs.put((String) answer.get(i), Long.parseLong((String) answer.get(i + 1)));
        }
        return backlogs;
    }

    @Override
    public Duration longestDue() {
        return Forms.duration(scripts.run(LONGEST_DUE, List.of()));
    }

    @Override
    public void erase(JobKey key) {
        scripts.run(ERASE, JobIds.parts(key));
    }

    @Override
    public Optional<JobStatus> find(JobKey key) {
        List<?> job = (List<?>) scripts.run(FIND, JobIds.parts(key));
        if (job.isEmpty()) {
            return Optional.empty();
        }
        boolean running = Forms.number(job.get(0)) == 1;
        boolean parked = Forms.number(job.get(1)) == 1;
        Duration dueIn = running || parked ? Duration.ZERO : Forms.duration(job.get(2));
        return Optional.of(new JobStatus(
                running,
                parked,
                dueIn,
                Forms.number(job.get(3)),
                (String) job.get(4),
                Forms.causes(job.get(5)),
                Forms.number(job.get(6)) == 1));
    }

    @Override
    public DeadLetterStore deadLetters() {
        return new RedisDeadLetters(scripts, () -> wake.run());
    }

    @Override
    public void close() {
        wake = () -> {};
    }

    @Override
    public String toString() {
        return "RedisJobs[" + scripts.prefix() + "]";
    }

    /** Settings; all but the client have defaults. Not safe for use by several threads. */
    public static final class Builder {

        private final UnifiedJedis client;
        private String prefix = RedisServer.DEFAULT_PREFIX;
        private boolean exclusive = true;
        private boolean durable = true;

        private Builder(UnifiedJedis client) {
            this.client = Objects.requireNonNull(client, "client");
        }

        /**
         * What all keys begin with, in braces, so that it decides about the hash slot; default {@code sync-machine}. All nodes of an
         * application must have the same.
         */
        public Builder prefix(String prefix) {
            this.prefix = prefix;
            return this;
        }

        /**
         * Whether the engine may rely on a claim to exclude others; default yes. Say no where Redis forgets claims more often than you
         * like publications to be repeated: then a lease is taken for each subject as well, in the database unless they are kept elsewhere.
         */
        public Builder exclusive(boolean exclusive) {
            this.exclusive = exclusive;
            return this;
        }

        /**
         * Whether changes are Redis's affair as soon as their jobs are kept there; default yes. Say no where Redis may lose what it was given and that
         * may cost no change: it has no append-only file, may be flushed, or a replica takes over. Then changes stay in the outbox until
         * their jobs, and those that were requested before them, are done or given up; when Redis was started anew, flushed or replaced, all
         * that stayed are enqueued again. Dead letters and jobs of durable listeners are lost nevertheless. All nodes must say the same.
         */
        public Builder durable(boolean durable) {
            this.durable = durable;
            return this;
        }

        /**
         * The jobs; connects to nothing yet.
         *
         * @throws IllegalArgumentException if the prefix is not 1 to 60 letters, digits, dots, colons, dashes and underscores
         */
        public RedisJobs build() {
            return new RedisJobs(this);
        }
    }
}
