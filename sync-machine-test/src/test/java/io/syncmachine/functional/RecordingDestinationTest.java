package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.Destination;
import io.syncmachine.Limits;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RecordingDestination;
import io.syncmachine.RecordingDestination.Sent;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Order;
import io.syncmachine.functional.World.OrderDocument;
import io.syncmachine.spi.Change;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A destination that remembers what it is sent. */
class RecordingDestinationTest {

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    private static SyncMachine<Order, Long> machine(Destination<Object, Object, Object> destination) {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(OrderDocument.class, World::document)
                .publish(destination)
                .policy(World.POLICY)
                .done();
    }

    @Test
    void remembersAllOfWhatItIsSent() {
        RecordingDestination recorded = RecordingDestination.named("trial");
        world.start(machine(recorded));
        world.save(1, "open");
        world.run();
        world.save(1, "paid");
        world.run();
        world.delete(1);
        world.run();

        List<Sent> sent = recorded.sent();
        assertThat(sent)
                .extracting(Sent::kind)
                .containsExactly(PublicationKind.CREATE, PublicationKind.UPDATE, PublicationKind.DELETE);
        assertThat(sent).extracting(Sent::id).containsOnly(1L);
        assertThat(sent).extracting(Sent::tenant).containsOnly(Change.DEFAULT_TENANT);
        assertThat(sent.get(1).json()).contains(World.json(1, "paid"));
        assertThat(sent.get(2).json()).isEmpty();
        assertThat(sent).extracting(Sent::idempotencyKey).doesNotHaveDuplicates();
        assertThat(world.results()).containsExactly(Result.PUBLISHED, Result.PUBLISHED, Result.DELETED);
    }

    @Test
    void forgetsTheOldestBeyondItsBound() {
        RecordingDestination recorded = RecordingDestination.named("trial").keeping(2);
        world.start(machine(recorded));
        IntStream.rangeClosed(1, 5).forEach(id -> {
            world.save(id, "open");
            world.run();
        });

        assertThat(recorded.sent()).extracting(Sent::id).containsExactly(4L, 5L);
        assertThat(recorded.count()).isEqualTo(5);

        recorded.clear();
        assertThat(recorded.sent()).isEmpty();
        assertThat(recorded.count()).isZero();
    }

    @Test
    void answersWhatItIsTold() {
        RecordingDestination recorded = RecordingDestination.named("trial").answering(publication -> {
            throw new RejectedException("no such country");
        });
        world.start(machine(recorded));
        world.save(1, "open");
        world.run();

        assertThat(recorded.count()).isEqualTo(1);
        assertThat(world.results()).containsExactly(Result.DEAD_LETTERED);
    }

    @Test
    void isSentNoMoreThanItsLimitsAllow() {
        RecordingDestination recorded =
                RecordingDestination.named("trial").limits(Limits.none().atMost(2, Duration.ofMinutes(1)));
        world.start(machine(recorded));
        IntStream.rangeClosed(1, 5).forEach(id -> world.save(id, "open"));
        world.run();

        assertThat(recorded.count()).isEqualTo(2);
    }

    /** Takes batches, and gives ids. */
    private static final class Bulk implements Destination<Object, Object, Object> {

        @Override
        public String name() {
            return "bulk";
        }

        @Override
        public int batchSize() {
            return 10;
        }

        @Override
        public boolean givesRemoteIds() {
            return true;
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
            return CompletableFuture.failedFuture(new AssertionError("it is replaced"));
        }
    }

    @Test
    void takesThePlaceOfOneThatTakesBatchesAndGivesIds() {
        SyncMachine<Order, Long> real = machine(new Bulk());
        RecordingDestination recorded = RecordingDestination.inPlaceOf(new Bulk());
        world.start(real.withDestination(recorded));
        world.save(1, "open");
        world.save(2, "open");
        world.run();
        world.save(2, "paid");
        world.run();

        assertThat(recorded.name()).isEqualTo("bulk");
        List<Sent> sent = recorded.sent();
        assertThat(sent).hasSize(3);
        assertThat(sent.get(2).remoteId()).contains(world.record(2).remoteId());
        assertThat(world.record(1).remoteId()).isNotEqualTo(world.record(2).remoteId());
    }

    @Test
    void keepsOneAtLeast() {
        assertThatThrownBy(() -> RecordingDestination.named("trial").keeping(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("keeping must be from 1 to 10000000, but is 0");
        assertThatThrownBy(() -> RecordingDestination.named("a b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("but is 'a b'");
    }
}
