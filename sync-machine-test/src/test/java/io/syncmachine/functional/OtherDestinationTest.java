package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.Destination;
import io.syncmachine.Limits;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RecordingDestination;
import io.syncmachine.RecordingDestination.Sent;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Order;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Machines that are made of others: with another destination, beside another one, for some subjects. */
class OtherDestinationTest {

    private static final Limits ONE_A_MINUTE = Limits.none().atMost(1, Duration.ofMinutes(1));

    private final World world = new World();
    private final RecordingDestination first = RecordingDestination.named("first");
    private final RecordingDestination second = RecordingDestination.named("second");

    @AfterEach
    void close() {
        world.close();
    }

    private static List<String> told(RecordingDestination destination) {
        return destination.sent().stream()
                .map(sent -> sent.kind() + " " + sent.id())
                .toList();
    }

    @Nested
    class InPlaceOfAnother {

        @Test
        void isSentWhatTheHooksWouldBe() {
            world.start(world.orders().withDestination(first));
            world.save(1, "open");
            world.run();
            world.delete(1);
            world.run();

            assertThat(told(first)).containsExactly("CREATE 1", "DELETE 1");
            assertThat(world.api.calls).isEmpty();
        }

        @Test
        void knowsWhatWasPublishedBefore() {
            world.start(world.orders());
            world.save(1, "open");
            world.save(2, "open");
            world.run();
            World.Node node = world.startAnother(
                    "later", world.store.another(), world.orders().withDestination(first));
            world.save(2, "paid");
            node.engine().changed(Order.class, List.of(1L, 2L));
            node.threads().runAll();

            assertThat(told(first)).containsExactly("UPDATE 2");
        }

        @Test
        void hasItsOwnLimitsOrElseThePolicys() {
            Policy limited = World.POLICY.limits(ONE_A_MINUTE);
            Limits other = Limits.none().atMost(7, Duration.ofSeconds(1));

            assertThat(limitsOf(world.orders(limited).withDestination(first))).isEqualTo(ONE_A_MINUTE);
            assertThat(limitsOf(world.orders(limited).withDestination(first.limits(other))))
                    .isEqualTo(other);
            assertThat(limitsOf(
                            world.orders().withDestination(first.limits(other)).withDestination(second)))
                    .as("what a former destination said")
                    .isEqualTo(Limits.none());
        }

        private Limits limitsOf(SyncMachine<?, ?> machine) {
            return machine.definition().policy().limits();
        }

        @Test
        void mustDeleteWhereTheDeclarationSaysSo() {
            SyncMachine<Order, Long> withoutDeletes = SyncMachine.define("kept", Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publish(world.api::put)
                    .done();

            assertThatThrownBy(() -> withoutDeletes.onlyFor(order -> true))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "machine 'kept': onlyFor(…) needs onDelete, or a destination that deletes, but there is none");
            RecordingDestination notDeleting =
                    RecordingDestination.inPlaceOf(withoutDeletes.definition().destination());
            assertThatThrownBy(() -> world.orders(World.POLICY.unpublishable(Policy.Unpublishable.DELETE))
                            .withDestination(notDeleting))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("machine 'orders': unpublishable(DELETE) needs onDelete");
        }

        @Test
        void mustFindTheDocumentsClassIfItGivesIds() {
            SyncMachine<Order, Long> posting = SyncMachine.define("posted", Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World.OrderDocument.class, World::document)
                    .publishWithResult(world.api::post)
                    .remoteIdsFromApi()
                    .done();
            assertThat(posting.withDestination(first).definition().remoteIdsFromApi())
                    .isFalse();

            RecordingDestination giving = RecordingDestination.inPlaceOf(new Giving());
            assertThat(posting.withDestination(giving).definition().remoteIdsFromApi())
                    .isTrue();
            assertThatThrownBy(() -> world.orders().withDestination(giving))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the destination 'giving' gives ids, which needs build(Document.class, …)");
        }
    }

    private static final class Giving implements Destination<Object, Object, Object> {

        @Override
        public String name() {
            return "giving";
        }

        @Override
        public boolean givesRemoteIds() {
            return true;
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
            throw new AssertionError("it is replaced");
        }
    }

    @Nested
    class BesideAnother {

        private final SyncMachine<Order, Long> orders = world.orders().withDestination(first);

        @Test
        void aSubjectThatMovesIsDeletedAtOneAndCreatedAtTheOther() {
            world.start(
                    orders.onlyFor(order -> order.customerId() == 1),
                    orders.beside("orders-second", second).onlyFor(order -> order.customerId() == 2));
            world.entities.save(new Order(7, "open", 1), new Order(8, "open", 2), new Order(9, "open", 3));
            world.run();
            assertThat(told(first)).containsExactly("CREATE 7");
            assertThat(told(second)).containsExactly("CREATE 8");

            world.entities.save(new Order(7, "open", 2));
            world.run();
            assertThat(told(first)).containsExactly("CREATE 7", "DELETE 7");
            assertThat(told(second)).containsExactly("CREATE 8", "CREATE 7");

            world.entities.save(new Order(7, "open", 1));
            world.run();
            assertThat(told(first)).containsExactly("CREATE 7", "DELETE 7", "CREATE 7");
            assertThat(told(second)).containsExactly("CREATE 8", "CREATE 7", "DELETE 7");

            world.delete(7);
            world.run();
            assertThat(told(first)).endsWith("DELETE 7");
            assertThat(told(second)).hasSize(3);
        }

        @Test
        void eachHasLimitsOfItsOwn() {
            RecordingDestination slow = first.limits(ONE_A_MINUTE);
            SyncMachine<Order, Long> one = world.orders().withDestination(slow);
            world.start(
                    one.onlyFor(order -> order.customerId() == 1),
                    one.beside("orders-second", second).onlyFor(order -> order.customerId() == 2));
            IntStream.rangeClosed(1, 10).forEach(id -> world.entities.save(new Order(id, "open", 1 + id % 2)));
            world.run();

            assertThat(slow.count()).isEqualTo(1);
            assertThat(second.count()).isEqualTo(5);

            world.runAfter(Duration.ofSeconds(61));
            assertThat(slow.count()).isEqualTo(2);
        }

        @Test
        void bothMayHaveAllSubjects() {
            world.start(orders, orders.beside("orders-second", second));
            world.save(1, "open");
            world.run();

            assertThat(told(first)).isEqualTo(told(second)).containsExactly("CREATE 1");
        }

        @Test
        void mustHaveANameOfItsOwn() {
            assertThatThrownBy(() -> orders.beside(World.MACHINE, second))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the machine beside 'orders' must have a name that is not and was not its own,"
                            + " but it is 'orders'");
        }
    }

    @Nested
    class ForSomeSubjects {

        @Test
        void deletesWhatIsNotChosenAnyMoreEvenIfUnpublishableSubjectsAreKept() {
            world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .publishWhen(order -> !order.status().equals("draft"))
                    .build(World::document)
                    .publish(first)
                    .policy(World.POLICY.unpublishable(Policy.Unpublishable.KEEP))
                    .done()
                    .onlyFor(order -> order.customerId() == 1));
            world.entities.save(new Order(1, "open", 1), new Order(2, "open", 1));
            world.run();
            world.entities.save(new Order(1, "draft", 1), new Order(2, "draft", 2));
            world.run();

            assertThat(told(first)).containsExactlyInAnyOrder("CREATE 1", "CREATE 2", "DELETE 2");
            assertThat(world.results()).contains(Result.NOT_PUBLISHABLE, Result.DELETED);
        }

        @Test
        void areThoseThatAllChoose() {
            world.start(world.orders()
                    .withDestination(first)
                    .onlyFor(order -> order.customerId() == 1)
                    .onlyFor(order -> order.id() > 5));
            world.entities.save(new Order(5, "open", 1), new Order(6, "open", 1), new Order(7, "open", 2));
            world.run();

            assertThat(first.sent()).extracting(Sent::id).containsExactly(6L);
            assertThat(first.sent()).extracting(Sent::kind).containsExactly(PublicationKind.CREATE);
        }
    }
}
