package io.syncmachine.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.UpdateOneModel;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.WriteModel;
import io.syncmachine.spi.LeaseStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bson.Document;
import org.bson.conversions.Bson;

/** Leases in a collection. One that another holds cannot be updated, and made a second time even less: that tells it. */
final class MongoLeases implements LeaseStore {

    private static final UpdateOptions MAKING = new UpdateOptions().upsert(true);

    private final Server server;
    private final MongoCollection<Document> leases;

    MongoLeases(Server server) {
        this.server = server;
        this.leases = server.collection("lease");
    }

    @Override
    public Set<String> tryAcquire(Collection<String> keys, String holder, Duration ttl) {
        return Server.call(() -> {
            long now = server.clock().now();
            List<String> asked = List.copyOf(new LinkedHashSet<>(keys));
            List<WriteModel<Document>> writes = new ArrayList<>();
            for (String key : asked) {
                writes.add(new UpdateOneModel<>(
                        Filters.and(
                                Filters.eq(key),
                                Filters.or(
                                        Filters.lte("until", Instant.ofEpochMilli(now)), Filters.eq("holder", holder))),
                        lease(holder, now, ttl),
                        MAKING));
            }
            Set<Integer> refused = Server.write(leases, writes).duplicates();
            Set<String> granted = new LinkedHashSet<>();
            for (int i = 0; i < asked.size(); i++) {
                if (!refused.contains(i)) {
                    granted.add(asked.get(i));
                }
            }
            return granted;
        });
    }

    private static Bson lease(String holder, long now, Duration ttl) {
        return Updates.combine(
                Updates.set("holder", holder),
                Updates.set("until", Instant.ofEpochMilli(now + ServerClock.millis(ttl))));
    }

    @Override
    public Optional<String> holder(String key) {
        return Server.call(() -> Optional.ofNullable(leases.find(Filters.and(
                                Filters.eq(key),
                                Filters.gt(
                                        "until",
                                        Instant.ofEpochMilli(server.clock().now()))))
                        .first())
                .map(lease -> lease.getString("holder")));
    }

    @Override
    public Set<String> renew(Collection<String> keys, String holder, Duration ttl) {
        return Server.call(() -> {
            Instant now = Instant.ofEpochMilli(server.clock().now());
            List<WriteModel<Document>> writes = new ArrayList<>();
            for (String key : keys) {
                writes.add(new UpdateOneModel<>(
                        Filters.and(Filters.eq(key), Filters.eq("holder", holder), Filters.gt("until", now)),
                        lease(holder, now.toEpochMilli(), ttl)));
            }
            if (Server.write(leases, writes).count() == writes.size()) {
                return new LinkedHashSet<>(keys);
            }
            Set<String> renewed = new LinkedHashSet<>();
            leases.find(Filters.and(Filters.in("_id", keys), Filters.eq("holder", holder), Filters.gt("until", now)))
                    .projection(Projections.include("_id"))
                    .forEach(lease -> renewed.add(lease.getString("_id")));
            return renewed;
        });
    }

    @Override
    public void release(Collection<String> keys, String holder) {
        if (!keys.isEmpty()) {
            Server.call(() -> leases.deleteMany(Filters.and(Filters.in("_id", keys), Filters.eq("holder", holder))));
        }
    }
}
