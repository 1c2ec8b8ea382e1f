package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Backoff;
import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.Policy;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.test.ManualThreads;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Ids that no store can keep as a key delay nothing else. */
class PoisonTest {

    private static final String TOO_LONG = "x".repeat(3000);

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void aChangeWithAnImpossibleIdDoesNotStopTheRelay() {
        world.start(world.orders());
        world.store
                .outbox()
                .append(List.of(new Change(
                        Change.DEFAULT_TENANT,
                        "Order",
                        TOO_LONG,
                        ChangeKind.UPDATE,
                        ChangedProperties.all(),
                        Set.of(World.MACHINE))));
        world.save(1, "open");

        world.run();

        assertThat(world.api.content).containsEntry("1", json(1, "open"));
        assertThat(world.store.outbox().depth()).isZero();
        assertThat(world.store.jobs().backlog()).isZero();
    }

    record Page(String id, String text) {}

    record Link(String id, String target) {}

    @Test
    void aFinderThatAnswersAnImpossibleIdIsParkedAlone() {
        List<String> published = new ArrayList<>();
        ManualThreads threads = ManualThreads.create();
        InMemoryEntities entities = InMemoryEntities.create()
                .type(Page.class, String.class, Page::id)
                .type(Link.class, String.class, Link::id);
        InMemoryStore store = InMemoryStore.create();
        try (var engine = SyncEngine.builder()
                .machines(SyncMachine.define("pages", Page.class, String.class)
                        .listenTo(Link.class, link -> List.of(link.target()))
                        .build(Page::text)
                        .publish((page, text) -> published.add(page.id()))
                        .policy(Policy.defaults().retry(Backoff.none()))
                        .done())
                .entities(entities)
                .store(store)
                .threads(threads)
                .start()) {
            entities.save(new Page("a", "text"), new Link("1", TOO_LONG), new Link("2", "a"), new Link("3", "\0"));
            threads.runAll();
            assertThat(published).containsExactly("a");
            assertThat(engine.backlog().parked()).isEqualTo(2);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }
}
