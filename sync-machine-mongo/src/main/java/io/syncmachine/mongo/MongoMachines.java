package io.syncmachine.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.UpdateOneModel;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.WriteModel;
import io.syncmachine.spi.MachineRegistry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bson.Document;
import org.jspecify.annotations.Nullable;

/** What is known of machines, in a collection. */
final class MongoMachines implements MachineRegistry {

    private final Server server;
    private final MongoCollection<Document> machines;

    MongoMachines(Server server) {
        this.server = server;
        this.machines = server.collection("machine");
    }

    @Override
    public void announce(Map<String, Integer> builderVersions) {
        Server.call(() -> {
            List<String> names = new ArrayList<>(builderVersions.keySet());
            for (int tries = 0; !names.isEmpty(); tries++) {
                if (tries == MongoJobs.TRIES) {
                    throw new IllegalStateException("machines are made by others again and again: " + names);
                }
                Instant now = Instant.ofEpochMilli(server.clock().now());
                List<WriteModel<Document>> writes = new ArrayList<>();
                for (String name : names) {
                    int version = builderVersions.getOrDefault(name, 0);
                    writes.add(new UpdateOneModel<>(
                            Filters.eq(name),
                            Updates.combine(
                                    Updates.max("builder", version),
                                    Updates.set("seenAt", now),
                                    Updates.setOnInsert("swept", version)),
                            new UpdateOptions().upsert(true)));
                }
                // Another node made one just then: it is there now.
                List<String> written = names;
                names = Server.write(machines, writes).duplicates().stream()
                        .map(written::get)
                        .toList();
            }
            return builderVersions.size();
        });
    }

    @Override
    public Map<String, MachineState> states() {
        return Server.call(() -> {
            long now = server.clock().now();
            Map<String, MachineState> states = new HashMap<>();
            machines.find()
                    .forEach(stored -> states.put(
                            stored.getString("_id"),
                            new MachineState(
                                    stored.getInteger("builder"),
                                    stored.getInteger("swept"),
                                    stored.getString("paused"),
                                    ServerClock.duration(now
                                            - ServerClock.instant(stored, "seenAt")
                                                    .toEpochMilli()))));
            return states;
        });
    }

    @Override
    public void pause(String machine, @Nullable String reason) {
        boolean found = Server.call(() -> machines.updateOne(
                                Filters.eq(machine),
                                reason == null
                                        ? Updates.unset("paused")
                                        : Updates.set("paused", Server.storable(reason)))
                        .getMatchedCount()
                > 0);
        if (!found) {
            throw new IllegalArgumentException(
                    "no machine '" + machine + "' was ever announced to this store, but " + states().keySet());
        }
    }

    @Override
    public void swept(String machine, int version) {
        Server.call(() -> machines.updateOne(Filters.eq(machine), Updates.max("swept", version)));
    }
}
