package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Order;
import io.syncmachine.functional.World.OrderDocument;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.SubjectKey;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RemoteIdTest {

    private static final Duration CALL = World.DEADLINE.plus(World.GRACE);

    private final World world = new World();
    private final FakeApi api = world.api;
    private final List<String> afterPublish = new ArrayList<>();

    @AfterEach
    void close() {
        world.close();
    }

    private SyncMachine<Order, Long> machine() {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(OrderDocument.class, World::document)
                .publishWithResult(api::post)
                .onDeletePublication(api::delete)
                .afterPublish((order, document) -> afterPublish.add(document.status()))
                .remoteIdsFromApi()
                .policy(World.POLICY)
                .done();
    }

    @Test
    void areKeptAndToldToLaterPublications() {
        world.start(machine());

        saveAndRun("open");
        saveAndRun("sent");
        assertThat(api.content).containsOnly(Map.entry("remote-1", json(1, "sent")));
        world.delete(1);
        world.run();

        assertThat(api.content).isEmpty();
        assertThat(api.calls).extracting(FakeApi.Call::remoteId).containsExactly(null, "remote-1", "remote-1");
        assertThat(world.record(1).remoteId()).isNull();
    }

    @Test
    void ofACreateWithoutAnswerAreAskedForAgain() {
        world.start(machine());
        api.next(FakeApi.losesItsAnswer());
        saveAndRun("open");

        world.runAfter(CALL);

        assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.CREATE);
        assertThat(api.keys()).containsOnly(api.keys().get(0));
        assertThat(api.content).containsOnly(Map.entry("remote-1", json(1, "open")));
        assertThat(world.record(1).remoteId()).isEqualTo("remote-1");
    }

    @Test
    void ofACreateWithoutAnswerAreAskedForBeforeAChangeIsSent() {
        SyncEngine engine = world.start(machine());
        api.next(FakeApi.losesItsAnswer());
        saveAndRun("open");
        world.save(1, "sent");

        world.runAfter(CALL);

        assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.CREATE, PublicationKind.UPDATE);
        assertThat(api.calls)
                .extracting(FakeApi.Call::json)
                .containsExactly(json(1, "open"), json(1, "open"), json(1, "sent"));
        assertThat(api.keys().get(1)).isEqualTo(api.keys().get(0));
        assertThat(api.keys().get(2)).isNotEqualTo(api.keys().get(0));
        assertThat(api.content).containsOnly(Map.entry("remote-1", json(1, "sent")));
        assertThat(afterPublish).containsExactly("sent");
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void ofACreateWithoutAnswerAreAskedForBeforeADelete() {
        SyncEngine engine = world.start(machine());
        api.next(FakeApi.losesItsAnswer());
        saveAndRun("open");
        world.delete(1);

        world.runAfter(CALL);

        assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.CREATE, PublicationKind.DELETE);
        assertThat(api.keys().get(1)).isEqualTo(api.keys().get(0));
        assertThat(api.latest().remoteId()).isEqualTo("remote-1");
        assertThat(api.content).isEmpty();
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void areAskedForUntilTheyAreKnown() {
        world.start(machine());
        api.next(FakeApi.losesItsAnswer(), FakeApi.losesItsAnswer(), FakeApi.losesItsAnswer());
        saveAndRun("open");
        world.save(1, "sent");
        world.runAfter(CALL);
        world.runAfter(CALL);
        world.runAfter(CALL);

        assertThat(api.calls)
                .extracting(FakeApi.Call::json)
                .containsExactly(json(1, "open"), json(1, "open"), json(1, "open"), json(1, "open"), json(1, "sent"));
        assertThat(api.content).containsOnly(Map.entry("remote-1", json(1, "sent")));
    }

    @Test
    void areNotAskedForWithADocumentThatIsRefusedForGood() {
        SyncEngine engine = world.start(machine());
        api.next(FakeApi.fails(new IOException("no route")), FakeApi.fails(new RejectedException("no such status")));
        saveAndRun("opne");
        world.save(1, "open");

        world.runAfter(CALL);

        assertThat(api.calls)
                .extracting(FakeApi.Call::json)
                .containsExactly(json(1, "opne"), json(1, "opne"), json(1, "open"));
        assertThat(api.keys().get(2)).isNotEqualTo(api.keys().get(1));
        assertThat(api.content).containsOnly(Map.entry("remote-1", json(1, "open")));
        assertThat(World.counts(engine)).containsExactly(0L, 0L, 0L);
    }

    @Test
    void areNotNeededToDeleteWhatCannotHaveBeenCreated() {
        world.start(machine());
        world.store.payloads().open(List.of(new SubjectKey(Change.DEFAULT_TENANT, World.MACHINE, "1")));
        world.save(1, "open");
        world.delete(1);

        world.run();

        assertThat(api.calls).isEmpty();
        assertThat(world.results()).containsExactly(Result.NOT_PUBLISHABLE);
    }

    @Test
    void mustBeAnsweredToACreate() {
        world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(OrderDocument.class, World::document)
                .publishWithResult(publication -> PublishResult.done())
                .remoteIdsFromApi()
                .policy(World.POLICY)
                .done());

        saveAndRun("open");

        assertThat(world.results()).containsExactly(Result.RETRYING);
        assertThat(world.outcomes.get(0).reason())
                .contains("remoteIdsFromApi()")
                .contains("without one");
    }

    @Test
    void mustBeText() {
        assertThatThrownBy(() -> PublishResult.withRemoteId("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PublishResult.withRemoteId("a\0b")).isInstanceOf(IllegalArgumentException.class);
    }

    private void saveAndRun(String status) {
        world.save(1, status);
        world.run();
    }
}
