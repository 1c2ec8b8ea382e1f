package io.syncmachine.functional;

import static io.syncmachine.functional.World.DEADLINE;
import static io.syncmachine.functional.World.GRACE;
import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.PublicationKind;
import io.syncmachine.SyncEngine;
import io.syncmachine.ThrottledException;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.PayloadStore.PendingIntent;
import io.syncmachine.spi.SubjectKey;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DoubtTest {

    private static final Duration CALL = DEADLINE.plus(GRACE);
    private static final SubjectKey KEY = new SubjectKey(Change.DEFAULT_TENANT, World.MACHINE, "1");

    private final World world = new World();
    private final FakeApi api = world.api;

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void aPublicationWithoutAnswerIsRepeatedUnderItsKeyWhenItCanNoLongerTakeEffect() {
        SyncEngine engine = world.start(world.orders());
        api.next(FakeApi.losesItsAnswer());
        saveAndRun(1, "open");
        assertThat(world.record(1).inDoubt()).isTrue();

        world.runAfter(CALL.minusMillis(1));
        assertThat(api.calls).hasSize(1);
        world.runAfter(Duration.ofMillis(1));

        assertThat(api.calls).hasSize(2);
        assertThat(api.keys().get(1)).isEqualTo(api.keys().get(0));
        assertThat(api.calls).extracting(FakeApi.Call::attempt).containsExactly(1, 2);
        assertThat(world.record(1).inDoubt()).isFalse();
        assertThat(world.results()).containsExactly(Result.RETRYING, Result.PUBLISHED);
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void itStaysInDoubtUntilItIsAcknowledged() {
        world.start(world.orders());
        api.next(FakeApi.losesItsAnswer(), FakeApi.fails(new IOException("refused")));
        saveAndRun(1, "open");
        world.runAfter(CALL);
        assertThat(world.record(1).inDoubt()).isTrue();

        world.runAfter(CALL);

        assertThat(api.calls).hasSize(3);
        assertThat(api.keys()).containsOnly(api.keys().get(0));
        assertThat(world.record(1).inDoubt()).isFalse();
    }

    @Test
    void doubtOutlivesASnooze() {
        world.start(world.orders());
        saveAndRun(1, "open");
        api.next(FakeApi.losesItsAnswer(), FakeApi.fails(new ThrottledException(Duration.ofSeconds(5))));
        saveAndRun(1, "sent");
        world.runAfter(CALL);
        assertThat(world.record(1).inDoubt()).isTrue();

        world.save(1, "open");
        world.runAfter(Duration.ofSeconds(5));

        assertThat(api.content).containsEntry("1", json(1, "open"));
        assertThat(api.calls).hasSize(4);
    }

    @Test
    void aSubjectInDoubtIsSentAlsoIfTheAcknowledgedStateIsBack() {
        world.start(world.orders());
        saveAndRun(1, "open");
        api.next(FakeApi.losesItsAnswer());
        saveAndRun(1, "sent");
        assertThat(api.content).containsEntry("1", json(1, "sent"));

        saveAndRun(1, "open");
        world.runAfter(CALL);

        assertThat(api.content).containsEntry("1", json(1, "open"));
        assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.UPDATE, PublicationKind.UPDATE);
        assertThat(api.keys()).doesNotHaveDuplicates();
    }

    @Test
    void aCreateInDoubtIsDeletedIfItsSubjectIsGone() {
        world.start(world.orders());
        api.next(FakeApi.losesItsAnswer());
        saveAndRun(1, "open");
        world.delete(1);

        world.runAfter(CALL);

        assertThat(api.content).isEmpty();
        assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.DELETE);
    }

    @Test
    void aDeleteWithoutAnswerIsRepeated() {
        world.start(world.orders());
        saveAndRun(1, "open");
        api.next(FakeApi.losesItsAnswer());
        world.delete(1);
        world.run();

        world.runAfter(CALL);

        assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.DELETE, PublicationKind.DELETE);
        assertThat(api.keys().get(2)).isEqualTo(api.keys().get(1));
    }

    @Test
    void aRunThatDiedBeforeItsVerdictPutsItsSubjectInDoubt() {
        world.start(world.orders());
        saveAndRun(1, "open");
        PayloadStore payloads = world.store.payloads();
        Opening opening = payloads.open(List.of(KEY)).get(0);
        PendingIntent update = new PendingIntent(PublicationKind.UPDATE, "fingerprint", "key", null);
        payloads.intent(List.of(new Intent(KEY, opening.epoch(), update, Duration.ofNanos(1))));

        world.entities.save(new World.Order(1, "open", 7));
        world.runAfter(Duration.ofNanos(1));

        assertThat(api.calls).hasSize(2);
        assertThat(world.record(1).inDoubt()).isFalse();
    }

    @Test
    void aRunThatDiedBeforeItsIntentSentNothingAndLeavesNoDoubt() {
        world.start(world.orders());
        saveAndRun(1, "open");
        world.store.payloads().open(List.of(KEY));

        world.entities.save(new World.Order(1, "open", 7));
        world.run();

        assertThat(api.calls).hasSize(1);
        assertThat(world.results()).containsExactly(Result.PUBLISHED, Result.UNCHANGED);
    }

    @Test
    void aNodeThatDiedAfterItsCallIsFollowedByOneThatSendsAgain() {
        world.start(world.orders());
        world.save(1, "open");
        while (api.calls.isEmpty()) {
            world.threads.runNext();
        }
        // From here on, the first node runs no step any more.
        World.Node next = world.startAnother("next", world.store.another(), world.orders());
        next.threads().runAll();
        assertThat(api.calls).hasSize(1);

        world.clock.advance(World.LEASE);
        next.threads().runAll();

        assertThat(api.calls).hasSize(2);
        assertThat(api.keys().get(1)).isEqualTo(api.keys().get(0));
        assertThat(api.latest().attempt()).isEqualTo(2);
        assertThat(world.record(1).inDoubt()).isFalse();
    }

    private void saveAndRun(long id, String status) {
        world.save(id, status);
        world.run();
    }
}
