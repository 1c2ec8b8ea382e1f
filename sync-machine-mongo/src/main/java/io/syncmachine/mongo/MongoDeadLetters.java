package io.syncmachine.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.UpdateOneModel;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.WriteModel;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.DeadLetterStore;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Wakeups;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.bson.types.ObjectId;
import org.jspecify.annotations.Nullable;

/** The parked jobs of a collection. */
final class MongoDeadLetters implements DeadLetterStore {

    private final MongoCollection<Document> collection;
    private final Server server;
    private final Wakeups wakeups;

    MongoDeadLetters(MongoCollection<Document> jobs, Server server, Wakeups wakeups) {
        this.collection = jobs;
        this.server = server;
        this.wakeups = wakeups;
    }

    @Override
    public List<Letter> list(Filter filter, @Nullable JobKey after, int limit) {
        return Server.call(() -> {
            List<Bson> filters = filters(filter);
            if (after != null) {
                filters.add(Filters.gt("_id", Job.id(after)));
            }
            long now = server.clock().now();
            return collection
                    .find(Filters.and(filters))
                    .projection(Projections.exclude("refused"))
                    .sort(Sorts.ascending("_id"))
                    .limit(limit)
                    .map(stored -> letter(stored, now))
                    .into(new ArrayList<>());
        });
    }

    private List<Bson> filters(Filter filter) {
        List<Bson> filters = new ArrayList<>(List.of(Filters.eq("parked", true)));
        String tenant = filter.tenant();
        if (tenant != null) {
            filters.add(Filters.eq("tenant", tenant));
        }
        String machine = filter.machine();
        if (machine != null) {
            filters.add(Filters.eq("machine", machine));
        }
        String text = filter.text();
        if (text != null) {
            filters.add(Filters.regex("failure", Pattern.quote(text)));
        }
        Duration parkedFor = filter.parkedFor();
        if (parkedFor != null) {
            filters.add(Filters.lte(
                    "parkedAt", Instant.ofEpochMilli(server.clock().now() - ServerClock.millis(parkedFor))));
        }
        return filters;
    }

    private static Letter letter(Document stored, long now) {
        Job job = Job.of(stored);
        return new Letter(
                job.key,
                job.attempts,
                since(job.failingSince, now),
                since(job.parkedAt, now),
                job.failure,
                job.refused,
                Cause.union(job.causes, job.causesSince));
    }

    private static Duration since(@Nullable Instant date, long now) {
        return date == null ? Duration.ZERO : ServerClock.duration(now - date.toEpochMilli());
    }

    @Override
    public Optional<Letter> find(JobKey key) {
        return Server.call(() -> {
            Document stored = collection
                    .find(Filters.and(Filters.eq(Job.id(key)), Filters.eq("parked", true)))
                    .first();
            return stored == null
                    ? Optional.empty()
                    : Optional.of(letter(stored, server.clock().now()));
        });
    }

    @Override
    public long count(Filter filter) {
        return Server.call(() -> collection.countDocuments(Filters.and(filters(filter))));
    }

    @Override
    public int requeue(Map<JobKey, Duration> delays) {
        int count = Server.call(() -> {
            long now = server.clock().now();
            List<WriteModel<Document>> writes = new ArrayList<>();
            delays.forEach((key, delay) -> writes.add(new UpdateOneModel<>(
                    Filters.and(Filters.eq(Job.id(key)), Filters.eq("parked", true)),
                    requeued(Instant.ofEpochMilli(now + ServerClock.millis(delay))))));
            return Server.write(collection, writes).count();
        });
        wakeups.committed();
        wakeups.plenty();
        return count;
    }

    /** As {@link Job#unpark} does. */
    private static Bson requeued(Instant dueAt) {
        return Updates.combine(
                Updates.set("v", new ObjectId()),
                Updates.set("parked", false),
                Updates.set("readyAt", dueAt),
                Updates.set("attempts", 0),
                Updates.unset("failure"),
                Updates.unset("refused"),
                Updates.unset("parkedAt"),
                Updates.unset("failingSince"),
                Updates.unset("settleBy"));
    }

    @Override
    public int discard(Collection<JobKey> keys) {
        return keys.isEmpty()
                ? 0
                : Server.call(() -> (int) collection
                        .deleteMany(Filters.and(
                                Filters.in("_id", keys.stream().map(Job::id).toList()), Filters.eq("parked", true)))
                        .getDeletedCount());
    }

    @Override
    public int purge(Duration parkedFor, int limit) {
        List<JobKey> old = Server.call(() -> collection
                .find(Filters.and(filters(Filter.ALL.parkedFor(parkedFor))))
                .projection(Projections.include("tenant", "machine", "stage", "key"))
                .limit(limit)
                .map(Job::key)
                .into(new ArrayList<>()));
        return discard(old);
    }
}
