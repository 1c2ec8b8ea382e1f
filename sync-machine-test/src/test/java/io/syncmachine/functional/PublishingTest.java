package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.Policy.Unpublishable;
import io.syncmachine.PublicationKind;
import io.syncmachine.StoredDocument;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.ThrottledException;
import io.syncmachine.event.Cause;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.function.CheckedBiConsumer;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import io.syncmachine.functional.World.OrderDocument;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.PayloadStore.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PublishingTest {

    private final World world = new World();
    private final FakeApi api = world.api;

    @AfterEach
    void close() {
        world.close();
    }

    @Nested
    class ASubject {

        @Test
        void isPublishedWhenItIsCreated() {
            SyncEngine engine = world.start(world.orders());

            world.save(1, "open");
            assertThat(engine.backlog().changes()).isEqualTo(1);
            assertThat(api.calls).isEmpty();
            world.run();

            assertThat(api.content).containsOnly(entry(1, "open"));
            assertThat(api.kinds()).containsExactly(PublicationKind.CREATE);
            assertThat(world.outcomes).hasSize(1);
            Outcome outcome = world.outcomes.get(0);
            assertThat(outcome.tenant()).isEqualTo(Change.DEFAULT_TENANT);
            assertThat(outcome.machine()).isEqualTo(World.MACHINE);
            assertThat(outcome.subjectId()).isEqualTo("1");
            assertThat(outcome.result()).isEqualTo(Result.PUBLISHED);
            assertThat(outcome.kind()).isEqualTo(PublicationKind.CREATE);
            assertThat(outcome.attempt()).isEqualTo(1);
            assertThat(outcome.reason()).isNull();
            assertThat(outcome.fingerprint()).isEqualTo(world.record(1).fingerprint());
            assertThat(outcome.took()).isEqualTo(Duration.ZERO);
            assertThat(outcome.causes()).containsExactly(new Cause(ChangeKind.CREATE, "Order", "1", Set.of(), null));
            assertThat(engine.backlog().isEmpty()).isTrue();
            assertThat(world.record(1).inDoubt()).isFalse();
        }

        @Test
        void isPublishedWhenItIsChanged() {
            world.start(world.orders());
            saveAndRun(1, "open");

            saveAndRun(1, "sent");

            assertThat(api.content).containsOnly(entry(1, "sent"));
            assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.UPDATE);
            assertThat(api.keys()).doesNotHaveDuplicates();
            assertThat(api.calls.get(1).version())
                    .isGreaterThan(api.calls.get(0).version());
        }

        @Test
        void isNotSentIfItsDocumentIsUnchanged() {
            world.start(world.orders());
            saveAndRun(1, "open");

            world.entities.save(new Order(1, "open", 7));
            world.run();

            assertThat(api.calls).hasSize(1);
            assertThat(world.results()).containsExactly(Result.PUBLISHED, Result.UNCHANGED);
        }

        @Test
        void isLeftAloneIfNoPropertyChangedThatIsListenedTo() {
            SyncEngine engine = world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class, "status")
                    .build(World::document)
                    .publish(api::put)
                    .done());
            saveAndRun(1, "open");

            world.entities.save(new Order(1, "open", 7));

            assertThat(engine.backlog().changes()).isZero();
        }

        @Test
        void isPublishedOnceForManyChangesThatWait() {
            world.start(world.orders());

            for (int i = 0; i < 10; i++) {
                world.save(1, "status-" + i);
            }
            world.run();

            assertThat(api.calls).hasSize(1);
            assertThat(api.content).containsOnly(entry(1, "status-9"));
        }

        @Test
        void isPublishedOnceForManyChangesThatComeWhileItsJobWaits() {
            world.start(world.orders());
            api.next(FakeApi.fails(new ThrottledException(Duration.ofSeconds(30))));
            for (int i = 0; i < 10; i++) {
                saveAndRun(1, "status-" + i);
            }
            assertThat(api.calls).hasSize(1);

            world.runAfter(Duration.ofSeconds(30));

            assertThat(api.calls).hasSize(2);
            assertThat(api.content).containsOnly(entry(1, "status-9"));
        }

        @Test
        void isPublishedAgainIfItChangesDuringItsPublication() {
            world.start(world.orders());
            api.next(FakeApi.isFollowedBy(() -> world.save(1, "sent")));

            saveAndRun(1, "open");

            assertThat(api.calls).extracting(FakeApi.Call::json).containsExactly(json(1, "open"), json(1, "sent"));
            assertThat(api.content).containsOnly(entry(1, "sent"));
        }

        @Test
        void isPublishedAgainIfItsChangeIsRelayedDuringItsPublication() {
            SyncEngine engine = world.start(world.orders());
            Node other = world.startAnother("other", world.store.another(), world.orders());
            api.next(FakeApi.isFollowedBy(() -> {
                world.save(1, "sent");
                other.threads().runAll();
                assertThat(World.counts(engine)).containsExactly(0L, 1L, 0L);
            }));

            saveAndRun(1, "open");

            assertThat(api.calls).extracting(FakeApi.Call::json).containsExactly(json(1, "open"), json(1, "sent"));
            assertThat(engine.backlog().isEmpty()).isTrue();
        }

        @Test
        void isPublishedWithManyOthers() {
            SyncEngine engine = world.start(world.orders());
            world.entities.transaction(changes -> {
                for (int id = 0; id < 2_500; id++) {
                    changes.save(new Order(id, "open", 0));
                }
            });

            world.run();

            assertThat(api.content).hasSize(2_500);
            assertThat(api.calls).hasSize(2_500);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }

        @Test
        void isPublishedToEachMachine() {
            FakeApi second = new FakeApi();
            world.start(
                    world.orders(),
                    SyncMachine.define("mails", Order.class, Long.class)
                            .listenTo(Order.class)
                            .build(order -> order.status().length())
                            .publish(second::put)
                            .done());

            saveAndRun(1, "open");
            saveAndRun(1, "sent");

            assertThat(api.calls).hasSize(2);
            assertThat(second.calls).hasSize(1);
            assertThat(second.content).containsOnly(Map.entry("1", "4"));
        }

        @Test
        void ofAMachineThatIsNotKnownHereWaitsForANodeThatKnowsIt() {
            SyncEngine engine = world.start(world.orders());
            world.entities.save(new Customer(7, "Ada", List.of(1L)), new Order(1, "open", 7));
            world.run();
            world.store
                    .outbox()
                    .append(List.of(new Change(
                            Change.DEFAULT_TENANT,
                            "Customer",
                            "7",
                            ChangeKind.UPDATE,
                            ChangedProperties.of(Set.of("name")),
                            Set.of("customers"))));
            world.run();
            assertThat(World.counts(engine)).containsExactly(0L, 1L, 0L);

            FakeApi customers = new FakeApi();
            Node other = world.startAnother(
                    "other",
                    world.store.another(),
                    SyncMachine.define("customers", Customer.class, Long.class)
                            .listenTo(Customer.class)
                            .build(Customer::name)
                            .publish(customers::put)
                            .done());
            other.threads().runAll();

            assertThat(customers.content).containsOnly(Map.entry("7", "\"Ada\""));
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }

    @Nested
    class ASubjectThatIsNotPublishable {

        private SyncMachine<Order, Long> purchased(Unpublishable unpublishable) {
            return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .publishWhen(order -> !order.status().equals("draft"))
                    .build(World::document)
                    .publish(api::put)
                    .onDeletePublication(api::delete)
                    .policy(World.POLICY.unpublishable(unpublishable))
                    .done();
        }

        @Test
        void isNotSent() {
            world.start(purchased(Unpublishable.KEEP));

            saveAndRun(1, "draft");

            assertThat(api.calls).isEmpty();
            assertThat(world.results()).containsExactly(Result.NOT_PUBLISHABLE);
        }

        @Test
        void staysAtTheApiAsItWas() {
            world.start(purchased(Unpublishable.KEEP));
            saveAndRun(1, "open");

            saveAndRun(1, "draft");
            assertThat(api.content).containsOnly(entry(1, "open"));

            saveAndRun(1, "sent");
            assertThat(api.content).containsOnly(entry(1, "sent"));
            assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.UPDATE);
        }

        @Test
        void isDeletedThereIfThePolicySaysSo() {
            world.start(purchased(Unpublishable.DELETE));
            saveAndRun(1, "draft");
            assertThat(api.calls).isEmpty();
            saveAndRun(1, "open");

            saveAndRun(1, "draft");
            assertThat(api.content).isEmpty();
            assertThat(world.record(1).state()).isEqualTo(State.ABSENT);

            saveAndRun(1, "open");
            assertThat(api.kinds())
                    .containsExactly(PublicationKind.CREATE, PublicationKind.DELETE, PublicationKind.CREATE);
            assertThat(api.keys()).doesNotHaveDuplicates();
        }
    }

    @Nested
    class ADeletedSubject {

        @Test
        void isDeletedAtTheApi() {
            world.start(world.orders());
            saveAndRun(1, "open");

            world.delete(1);
            world.run();

            assertThat(api.content).isEmpty();
            assertThat(world.results()).containsExactly(Result.PUBLISHED, Result.DELETED);
        }

        @Test
        void isToldWithItsLastDocument() {
            List<Optional<StoredDocument>> told = new ArrayList<>();
            world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publish(api::put)
                    .onDelete((Long id, Optional<StoredDocument> previous) -> told.add(previous))
                    .done());
            saveAndRun(1, "open");

            world.delete(1);
            world.run();

            assertThat(told).hasSize(1);
            assertThat(told.get(0).orElseThrow().as(OrderDocument.class)).isEqualTo(new OrderDocument(1, "open"));
        }

        @Test
        void thatWasNeverPublishedIsNotSent() {
            world.start(world.orders());
            world.save(1, "open");
            world.delete(1);

            world.run();

            assertThat(api.calls).isEmpty();
            assertThat(world.results()).containsExactly(Result.NOT_PUBLISHABLE);
        }

        @Test
        void isDeletedOnce() {
            world.start(world.orders());
            saveAndRun(1, "open");
            world.delete(1);
            world.run();
            world.store
                    .outbox()
                    .append(List.of(new Change(
                            Change.DEFAULT_TENANT,
                            "Order",
                            "1",
                            ChangeKind.DELETE,
                            ChangedProperties.all(),
                            Set.of(World.MACHINE))));
            world.run();

            assertThat(api.calls).hasSize(2);
        }

        @Test
        void isKeptByAnApiWithoutDelete() {
            world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publish(api::put)
                    .done());
            saveAndRun(1, "open");

            world.delete(1);
            world.run();

            assertThat(api.content).containsOnly(entry(1, "open"));
        }

        @Test
        void isCreatedAgainWithItsOldStateUnderANewKey() {
            world.start(world.orders());
            saveAndRun(1, "open");
            world.delete(1);
            world.run();

            saveAndRun(1, "open");

            assertThat(api.content).containsOnly(entry(1, "open"));
            assertThat(api.keys()).hasSize(3).doesNotHaveDuplicates();
        }
    }

    @Nested
    class AfterPublish {

        private final List<String> published = new ArrayList<>();

        private SyncMachine<Order, Long> machine(CheckedBiConsumer<Order, OrderDocument> hook) {
            return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publish(api::put)
                    .onDeletePublication(api::delete)
                    .afterPublish(hook)
                    .policy(World.POLICY)
                    .done();
        }

        @Test
        void followsAPublicationAndNothingElse() {
            world.start(machine((order, document) -> {
                assertThat(world.record(order.id()).inDoubt()).isFalse();
                published.add(order.status() + "/" + document.status());
            }));
            saveAndRun(1, "open");
            assertThat(published).containsExactly("open/open");

            world.entities.save(new Order(1, "open", 7));
            world.run();
            api.next(FakeApi.fails(new NotAcceptedException("busy")));
            saveAndRun(1, "sent");
            assertThat(published).hasSize(1);

            world.runAfter(Duration.ofSeconds(1));
            assertThat(published).containsExactly("open/open", "sent/sent");

            world.delete(1);
            world.run();
            assertThat(published).hasSize(2);
        }

        @Test
        void changesNothingIfItFails() {
            SyncEngine engine = world.start(machine((order, document) -> {
                throw new IllegalStateException("hook");
            }));

            saveAndRun(1, "open");

            assertThat(world.results()).containsExactly(Result.PUBLISHED);
            assertThat(engine.backlog().isEmpty()).isTrue();
            assertThat(world.record(1).inDoubt()).isFalse();
        }
    }

    private void saveAndRun(long id, String status) {
        world.save(id, status);
        world.run();
    }

    private static Map.Entry<String, String> entry(long id, String status) {
        return Map.entry(Long.toString(id), json(id, status));
    }
}
