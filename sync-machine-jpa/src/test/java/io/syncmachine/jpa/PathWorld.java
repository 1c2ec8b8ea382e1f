package io.syncmachine.jpa;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.PathModel.Parcel;
import io.syncmachine.test.ManualThreads;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityManager;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;

/** The parcels, an engine that publishes them by their declared paths, and what the API holds. */
final class PathWorld implements AutoCloseable {

    private final TestDatabase database = TestDatabase.create();
    final Unit unit = Unit.of(database, PathModel.ENTITIES);
    final Map<Long, Object> api = new TreeMap<>();
    final ManualThreads threads = ManualThreads.create();
    final SyncMachine<Parcel, Long> machine = SyncMachine.define("parcels", Parcel.class, Long.class)
            .reads(PathModel.PATHS)
            .build(Parcel::document)
            .publish(publication -> {
                api.put(publication.id(), publication.document());
            })
            .onDelete(id -> {
                api.remove(id);
            })
            .done();
    final SyncEngine engine = SyncEngine.builder()
            .machines(machine)
            .entities(JpaEntities.of(unit.factory))
            .store(JdbcStore.builder(database.dataSource())
                    .schemaMode(SchemaMode.CREATE)
                    .build())
            .threads(threads)
            .start();

    void inTransaction(Consumer<EntityManager> work) {
        unit.inTransaction(work);
    }

    void settle() {
        threads.runAll();
    }

    /** What the API should hold: all documents, built anew. */
    Map<Long, Object> documents() {
        return read(manager -> {
            Map<Long, Object> documents = new TreeMap<>();
            manager.createQuery("select p from Parcel p", Parcel.class)
                    .getResultList()
                    .forEach(parcel -> documents.put(PathModel.real(parcel).id, parcel.document()));
            return documents;
        });
    }

    <R> R read(Function<EntityManager, R> work) {
        try (EntityManager manager = unit.factory.createEntityManager()) {
            return work.apply(manager);
        }
    }

    @Override
    public void close() {
        engine.close();
        unit.close();
        database.close();
    }
}
