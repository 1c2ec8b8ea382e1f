package io.syncmachine.examples.orders;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.annotation.AnnotatedMachine;
import io.syncmachine.examples.support.ApiServer;
import io.syncmachine.examples.support.Database;
import io.syncmachine.examples.support.HttpApi;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.test.ManualThreads;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class AnnotatedOrderToApiTest {

    private static void change(EntityManagerFactory factory, Consumer<EntityManager> change) {
        try (EntityManager entities = factory.createEntityManager()) {
            entities.getTransaction().begin();
            change.accept(entities);
            entities.getTransaction().commit();
        }
    }

    @Test
    void doesWhatTheBuildersMachineDoes() throws Exception {
        ManualThreads threads = ManualThreads.create();
        try (ApiServer server = ApiServer.start(null);
                Database database = Database.open(null);
                HikariDataSource pool = database.access().pool(4);
                EntityManagerFactory factory = Database.entities(pool, true, Order.class, Customer.class)) {
            HttpApi api = new HttpApi(server.uri());
            SyncMachine<?, ?> annotated = AnnotatedMachine.of(new AnnotatedOrderToApi(api, factory));
            assertThat(annotated.definition())
                    .usingRecursiveComparison()
                    .comparingOnlyFields("name", "subject", "idType", "policy", "remoteIdsFromApi")
                    .isEqualTo(OrderToApi.machine(api, factory).definition());
            try (SyncEngine engine = SyncEngine.builder()
                    .machines(annotated)
                    .entities(OrderToApi.entities(factory))
                    .store(JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE).build())
                    .threads(threads)
                    .start()) {
                change(factory, entities -> {
                    Customer ada = new Customer(7L, "Ada", "Byron");
                    entities.persist(ada);
                    entities.persist(new Order(1L, ada, "open", "north"));
                    entities.persist(new Order(2L, ada, "open", "north"));
                });
                threads.runAll();
                change(factory, entities -> {
                    entities.find(Customer.class, 7L).setLastName("Lovelace");
                    entities.remove(entities.find(Order.class, 2L));
                });
                threads.runAll();

                assertThat(server.recorder().documents())
                        .containsOnlyKeys("1")
                        .containsValue("{\"customer\":\"Ada Lovelace\",\"id\":1,\"status\":\"open\"}");
                assertThat(engine.backlog().isEmpty()).isTrue();
            }
        }
    }
}
