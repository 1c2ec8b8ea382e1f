package io.syncmachine.mongo;

import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Settle;
import io.syncmachine.spi.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.bson.Document;
import org.bson.types.ObjectId;
import org.jspecify.annotations.Nullable;

/**
 * A job, as it is stored. Read as a whole and written as a whole, where its {@code v} is still what was read: that is new with every write, and never
 * used again.
 *
 * <p>A request that comes while a job is claimed counts as if it had come right after the claim ended.
 */
final class Job {

    static final long NOBODY = 0;

    final JobKey key;
    /** What was read; null if it is not stored yet. */
    final @Nullable ObjectId version;

    long requested;
    long claimed;
    long token = NOBODY;
    String owner = "";
    boolean parked;
    int attempts;

    @Nullable
    Instant failingSince;

    /** When it can be claimed: a waiting job when it is due, a claimed one when its lease ends. */
    Instant readyAt = Instant.ofEpochMilli(0);
    /** When it is due at the latest, as long as its changes settle; and of a claimed one, when the run that follows is due. */
    @Nullable
    Instant settleBy;

    @Nullable
    Instant againAt;
    /** What a claim is told, and is told again if it does not complete. */
    ChangedProperties changed;
    /** What was requested since the claim. */
    @Nullable
    ChangedProperties changedSince;

    Lane lane;
    List<Cause> causes;
    List<Cause> causesSince = List.of();

    @Nullable
    String failure;

    @Nullable
    String refused;

    @Nullable
    Instant parkedAt;

    private Job(JobKey key, @Nullable ObjectId version, ChangedProperties changed, Lane lane, List<Cause> causes) {
        this.key = key;
        this.version = version;
        this.changed = changed;
        this.lane = lane;
        this.causes = causes;
    }

    static String id(JobKey key) {
        return Server.join(
                key.tenant(), key.machine(), Integer.toString(key.stage().number()), key.key());
    }

    static JobKey key(Document stored) {
        return new JobKey(
                stored.getString("tenant"),
                stored.getString("machine"),
                Stage.of(stored.getInteger("stage")),
                stored.getString("key"));
    }

    /** One that is requested for the first time. */
    static Job requested(JobRequest request, long now) {
        Job job = new Job(request.key(), null, request.changed(), request.lane(), request.causes());
        job.requested = 1;
        job.readyAt = job.begin(request.settle(), now);
        return job;
    }

    /** Reads what {@link #stored} wrote. */
    static Job of(Document stored) {
        Job job = new Job(
                key(stored),
                stored.getObjectId("v"),
                ChangedProperties.decoded(stored.getList("changed", String.class)),
                lane(stored.getInteger("lane")),
                causes(stored, "causes"));
        job.requested = stored.getLong("requested");
        job.claimed = stored.getLong("claimed");
        job.token = stored.getLong("token");
        job.owner = stored.getString("owner");
        job.parked = stored.getBoolean("parked");
        job.attempts = stored.getInteger("attempts");
        job.failingSince = ServerClock.instantOrNull(stored, "failingSince");
        job.readyAt = ServerClock.instant(stored, "readyAt");
        job.settleBy = ServerClock.instantOrNull(stored, "settleBy");
        job.againAt = ServerClock.instantOrNull(stored, "againAt");
        List<String> since = stored.getList("changedSince", String.class);
        job.changedSince = since == null ? null : ChangedProperties.decoded(since);
        job.causesSince = causes(stored, "causesSince");
        job.failure = stored.getString("failure");
        job.refused = stored.getString("refused");
        job.parkedAt = ServerClock.instantOrNull(stored, "parkedAt");
        return job;
    }

    static List<Cause> causes(Document stored, String field) {
        List<String> forms = stored.getList(field, String.class);
        return forms == null
                ? List.of()
                : forms.stream().flatMap(form -> Cause.decoded(form).stream()).toList();
    }

    private static List<String> encoded(List<Cause> causes) {
        return causes.stream().map(Cause::encoded).map(Server::storable).toList();
    }

    static int number(Lane lane) {
        return lane == Lane.LIVE ? 0 : 1;
    }

    private static Lane lane(int number) {
        return number == 0 ? Lane.LIVE : Lane.BACKGROUND;
    }

    /** The document; what is null is left out. */
    Document stored(ObjectId version) {
        Document document = new Document("_id", id(key))
                .append("v", version)
                .append("tenant", key.tenant())
                .append("machine", key.machine())
                .append("stage", key.stage().number())
                .append("key", key.key())
                .append("lane", number(lane))
                .append("parked", parked)
                .append("readyAt", readyAt)
                .append("requested", requested)
                .append("claimed", claimed)
                .append("token", token)
                .append("owner", owner)
                .append("attempts", attempts)
                .append("changed", changed.encoded())
                .append("causes", encoded(causes));
        appendIfThere(document, "failingSince", failingSince);
        appendIfThere(document, "settleBy", settleBy);
        appendIfThere(document, "againAt", againAt);
        appendIfThere(document, "changedSince", changedSince == null ? null : changedSince.encoded());
        appendIfThere(document, "causesSince", causesSince.isEmpty() ? null : encoded(causesSince));
        appendIfThere(document, "failure", failure);
        appendIfThere(document, "refused", refused);
        appendIfThere(document, "parkedAt", parkedAt);
        return document;
    }

    private static void appendIfThere(Document document, String field, @Nullable Object value) {
        if (value != null) {
            document.append(field, value);
        }
    }

    boolean isRequestedAgain() {
        return requested != claimed;
    }

    boolean isSettling() {
        return settleBy != null;
    }

    boolean isRunning(long now) {
        return token != NOBODY && readyAt.toEpochMilli() > now;
    }

    void request(JobRequest request, long now) {
        if (token == NOBODY) {
            changed = changed.union(request.changed());
            causes = Cause.union(causes, request.causes());
        } else {
            changedSince = changedSince == null ? request.changed() : changedSince.union(request.changed());
            causesSince = Cause.union(causesSince, request.causes());
        }
        lane = request.lane() == Lane.LIVE ? Lane.LIVE : lane;
        if (!parked) {
            settle(request.settle(), now);
        }
        requested++;
        if (parked && !request.changed().isNone()) {
            unpark(begin(request.settle(), now));
        }
    }

    /** When it is due if nothing was requested of it before. */
    private Instant begin(@Nullable Settle settle, long now) {
        if (settle == null) {
            return Instant.ofEpochMilli(now);
        }
        settleBy = Instant.ofEpochMilli(now + ServerClock.millis(settle.longest()));
        return Instant.ofEpochMilli(now + ServerClock.millis(settle.quiet()));
    }

    private void settle(@Nullable Settle settle, long now) {
        boolean isClaimed = token != NOBODY;
        if (settle != null && isClaimed && !isRequestedAgain()) {
            againAt = begin(settle, now);
            return;
        }
        Instant latest = settleBy;
        if (latest == null) {
            return;
        }
        long before = isClaimed ? time(againAt) : readyAt.toEpochMilli();
        long dueAt = settle == null
                ? Math.min(before, now)
                : Math.max(before, Math.min(latest.toEpochMilli(), now + ServerClock.millis(settle.quiet())));
        if (settle == null) {
            settleBy = null;
        }
        if (isClaimed) {
            againAt = Instant.ofEpochMilli(dueAt);
        } else {
            readyAt = Instant.ofEpochMilli(dueAt);
        }
    }

    private static long time(@Nullable Instant date) {
        return date == null ? 0 : date.toEpochMilli();
    }

    /** Makes a parked job due at some time, as if it had not run before. */
    void unpark(Instant dueAt) {
        parked = false;
        parkedAt = null;
        refused = null;
        forgetAttempts();
        readyAt = dueAt;
    }

    void claim(long token, String owner, long now, Duration lease) {
        uniteAll();
        claimed = requested;
        dueAtOnce();
        this.token = token;
        this.owner = owner;
        attempts++;
        renew(now, lease);
    }

    void renew(long now, Duration lease) {
        readyAt = Instant.ofEpochMilli(now + ServerClock.millis(lease));
    }

    Claim claim(long now) {
        Instant since = failingSince;
        Duration failingFor = since == null ? Duration.ZERO : ServerClock.duration(now - since.toEpochMilli());
        return new Claim(key, token, attempts, failingFor, changed, causes);
    }

    void runAgain(long now) {
        unclaim();
        failure = null;
        forgetAttempts();
        readyAt = Instant.ofEpochMilli(Math.max(time(againAt), now));
        againAt = null;
    }

    void forgetChangesOfTheRun() {
        ChangedProperties since = changedSince;
        changed = since == null ? changed : since;
        changedSince = null;
        causes = causesSince;
        causesSince = List.of();
    }

    void release(Duration delay, boolean countsAsAttempt, String reason, long now) {
        unclaim();
        dueAtOnce();
        failure = reason;
        uniteAll();
        if (!countsAsAttempt) {
            attempts--;
            failingSince = failingSince == null
                    ? null
                    : Instant.ofEpochMilli(failingSince.toEpochMilli() + ServerClock.millis(delay));
        } else if (failingSince == null) {
            failingSince = Instant.ofEpochMilli(now);
        }
        readyAt = Instant.ofEpochMilli(now + ServerClock.millis(delay));
    }

    void park(String why, @Nullable String document, long now) {
        unclaim();
        parked = true;
        parkedAt = Instant.ofEpochMilli(now);
        failingSince = failingSince == null ? parkedAt : failingSince;
        failure = why;
        refused = document;
    }

    void uniteAll() {
        ChangedProperties since = changedSince;
        if (since != null) {
            changed = changed.union(since);
            changedSince = null;
            causes = Cause.union(causes, causesSince);
            causesSince = List.of();
        }
    }

    private void unclaim() {
        token = NOBODY;
        owner = "";
    }

    private void dueAtOnce() {
        settleBy = null;
        againAt = null;
    }

    private void forgetAttempts() {
        attempts = 0;
        failingSince = null;
    }
}
