package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.FollowUp;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RejectedException;
import io.syncmachine.StoredDocument;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.annotation.AfterDelete;
import io.syncmachine.annotation.AfterPublish;
import io.syncmachine.annotation.AnnotatedMachine;
import io.syncmachine.annotation.Build;
import io.syncmachine.annotation.ListenTo;
import io.syncmachine.annotation.ListenToEvent;
import io.syncmachine.annotation.OnDeadLetter;
import io.syncmachine.annotation.OnDelete;
import io.syncmachine.annotation.OnFollowUp;
import io.syncmachine.annotation.Publish;
import io.syncmachine.annotation.PublishWhen;
import io.syncmachine.annotation.SyncMachineFor;
import io.syncmachine.annotation.UsePolicy;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import io.syncmachine.functional.World.OrderDocument;
import io.syncmachine.memory.InMemoryEntities;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The forms that hooks may have, and where they may come from. */
class AnnotatedHooksTest {

    private final World world = new World();
    private final FakeApi api = world.api;
    private final List<String> log = new ArrayList<>();

    @AfterEach
    void close() {
        world.close();
    }

    /** As little as a machine needs, to be extended. */
    @SyncMachineFor(subject = Order.class, name = World.MACHINE, idType = Long.class)
    @ListenTo
    static class Orders {

        final List<String> log;

        Orders(List<String> log) {
            this.log = log;
        }

        @Build
        OrderDocument build(Order order) {
            return World.document(order);
        }

        @Publish
        void publish(Order order, OrderDocument document) throws Exception {
            log.add("publish " + order.id() + " " + document.status());
        }
    }

    private void saveAndDelete() {
        world.save(1, "open");
        world.run();
        world.delete(1);
        world.run();
    }

    @Nested
    class ThePublisher {

        @Test
        void mayTakeSubjectAndDocument() {
            world.start(AnnotatedMachine.of(new Orders(log)));

            saveAndDelete();

            assertThat(log).containsExactly("publish 1 open");
        }

        @SyncMachineFor(subject = Order.class, name = World.MACHINE)
        @ListenTo("status")
        record WithRemoteIds(FakeApi api) {

            @Build
            OrderDocument build(Order order) {
                return World.document(order);
            }

            @Publish(remoteIdsFromApi = true)
            PublishResult post(Publication<Order, Long, OrderDocument> publication) throws Exception {
                assertThat(publication.document()).isInstanceOf(OrderDocument.class);
                return api.post(publication);
            }

            @OnDelete
            void delete(Publication<?, ?, ?> publication) throws Exception {
                api.delete(publication);
            }
        }

        @Test
        void mayAnswerTheIdThatTheApiGave() {
            world.start(AnnotatedMachine.of(new WithRemoteIds(api)));

            saveAndDelete();

            assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.DELETE);
            assertThat(api.latest().remoteId()).isEqualTo("remote-1");
        }

        @Test
        void isAskedAgainWithTheDocumentWhenACreateWasNotAnswered() {
            world.start(AnnotatedMachine.of(new WithRemoteIds(api)));
            api.next(FakeApi.losesItsAnswer());

            world.save(1, "open");
            world.run();
            world.save(1, "sent");
            world.runAfter(World.DEADLINE.plus(World.GRACE));

            assertThat(api.kinds())
                    .containsExactly(PublicationKind.CREATE, PublicationKind.CREATE, PublicationKind.UPDATE);
            assertThat(api.content).containsOnly(Map.entry("remote-1", World.json(1, "sent")));
        }
    }

    @Nested
    class TheDeleter {

        static final class WithPrimitive extends Orders {

            WithPrimitive(List<String> log) {
                super(log);
            }

            @OnDelete
            void delete(long id) {
                log.add("delete " + id);
            }
        }

        @Test
        void mayTakeThePrimitiveId() {
            world.start(AnnotatedMachine.of(new WithPrimitive(log)));

            saveAndDelete();

            assertThat(log).containsExactly("publish 1 open", "delete 1");
        }

        static final class WithLast extends Orders {

            WithLast(List<String> log) {
                super(log);
            }

            @OnDelete
            void delete(Long id, Optional<StoredDocument> last) {
                log.add("delete " + id + " " + last.orElseThrow().json());
            }
        }

        @Test
        void mayTakeTheLastDocument() {
            world.start(AnnotatedMachine.of(new WithLast(log)));

            saveAndDelete();

            assertThat(log).containsExactly("publish 1 open", "delete 1 " + World.json(1, "open"));
        }
    }

    @Nested
    class AfterPublication {

        static final class WithSubject extends Orders {

            WithSubject(List<String> log) {
                super(log);
            }

            @AfterPublish
            void sent(Order order) {
                log.add("sent " + order.id());
            }
        }

        @Test
        void aMethodMayTakeTheSubjectAlone() {
            world.start(AnnotatedMachine.of(new WithSubject(log)));

            saveAndDelete();

            assertThat(log).containsExactly("publish 1 open", "sent 1");
        }

        static final class WithIdsOnly extends Orders {

            WithIdsOnly(List<String> log) {
                super(log);
            }

            @OnDelete
            void delete(Long id) {}

            @AfterDelete
            void deleted(long id) {
                log.add("deleted " + id);
            }

            @OnDeadLetter
            void givenUp(Object id) {
                log.add("given up " + id);
            }

            @Override
            void publish(Order order, OrderDocument document) throws Exception {
                if (order.status().equals("lost")) {
                    throw new RejectedException("no such country");
                }
                super.publish(order, document);
            }
        }

        @Test
        void aMethodMayTakeTheIdAlone() {
            world.start(AnnotatedMachine.of(new WithIdsOnly(log)));

            saveAndDelete();
            world.save(2, "lost");
            world.run();

            assertThat(log).containsExactly("publish 1 open", "deleted 1", "given up 2");
        }

        @SyncMachineFor(subject = Order.class, name = World.MACHINE)
        @ListenTo("status")
        record TellingItsIdByAFollowUp(List<String> log) {

            @Build
            OrderDocument build(Order order) {
                return World.document(order);
            }

            @Publish
            void publish(Order order, OrderDocument document) {}

            @OnFollowUp
            void follow(FollowUp<Long> followUp) {
                log.add("follow " + followUp.id());
            }
        }

        @Test
        void aFollowUpTellsTheClassOfTheId() {
            world.start(AnnotatedMachine.of(new TellingItsIdByAFollowUp(log)));

            world.save(1, "open");
            world.run();

            assertThat(log).containsExactly("follow 1");
        }
    }

    @Nested
    class AFinder {

        static final class One extends Orders {

            One(List<String> log) {
                super(log);
            }

            @ListenTo
            @ListenToEvent("moved")
            @ListenToEvent("married")
            long first(Customer customer) {
                return customer.orderIds().get(0);
            }
        }

        @Test
        void mayAnswerOneId() {
            world.start(AnnotatedMachine.of(new One(log)));

            assertThat(found()).containsExactly("1");
        }

        @Test
        void mayServeEntityAndEvents() {
            SyncEngine engine = world.start(AnnotatedMachine.of(new One(log)));
            assertThat(found()).containsExactly("1");

            engine.signal("moved", new Customer(7, "Ada", List.of(1L)));
            world.run();
            engine.signal("married", new Customer(7, "Ada", List.of(1L)));
            world.run();

            assertThat(world.outcomes).hasSize(3);
        }

        static final class AsStream extends Orders {

            AsStream(List<String> log) {
                super(log);
            }

            @ListenTo
            Stream<Long> orders(Customer customer) {
                return customer.orderIds().stream().onClose(() -> log.add("closed"));
            }
        }

        @Test
        void mayAnswerAStreamWhichIsClosed() {
            world.start(AnnotatedMachine.of(new AsStream(log)));

            assertThat(found()).containsExactly("1", "2");
            assertThat(log).containsOnlyOnce("closed");
        }

        static final class Nothing extends Orders {

            Nothing(List<String> log) {
                super(log);
            }

            @ListenTo
            Set<Long> orders(Customer customer) {
                return null;
            }
        }

        @Test
        void mayAnswerNull() {
            SyncEngine engine = world.start(AnnotatedMachine.of(new Nothing(log)));

            assertThat(found()).isEmpty();
            assertThat(engine.backlog().isEmpty()).isTrue();
        }

        @SyncMachineFor(subject = Order.class, name = World.MACHINE)
        record Siblings(InMemoryEntities entities) {

            @ListenTo
            Collection<Long> ofTheSameCustomer(Order order) {
                return entities.find(Customer.class, order.customerId())
                        .map(Customer::orderIds)
                        .orElse(null);
            }

            @Build
            String build(Order order) {
                return order.status();
            }

            @Publish
            void publish(Order order, String status) {}
        }

        @Test
        void mayFindOtherSubjectsForTheSubject() {
            world.start(AnnotatedMachine.of(new Siblings(world.entities)));

            world.entities.save(new Customer(7, "Ada", List.of(1L, 2L)), new Order(1, "open", 7));
            world.run();

            assertThat(world.outcomes)
                    .extracting(outcome -> outcome.subjectId())
                    .containsExactlyInAnyOrder("1", "2");
        }

        private List<String> found() {
            world.entities.save(new Customer(7, "Ada", List.of(1L, 2L)));
            world.run();
            return world.outcomes.stream().map(outcome -> outcome.subjectId()).toList();
        }
    }

    @Nested
    class Hooks {

        /** The rest of the machine is said by who extends it. */
        abstract static class Reusable<S, ID, D> {

            final List<String> log;

            Reusable(List<String> log) {
                this.log = log;
            }

            @ListenTo("name")
            abstract Collection<ID> subjects(Customer customer);

            @Build
            protected abstract D build(S subject);

            @Publish
            @SuppressWarnings("UnusedMethod") // it is used by its annotation
            private void publish(Publication<S, ID, D> publication) {
                log.add("publish " + publication.document());
            }

            @OnDelete
            public void delete(ID id) {
                log.add("delete " + id);
            }
        }

        @SyncMachineFor(subject = Order.class, name = World.MACHINE)
        @ListenTo
        static final class Concrete extends Reusable<Order, Long, OrderDocument> {

            Concrete(List<String> log) {
                super(log);
            }

            @Override
            List<Long> subjects(Customer customer) {
                return customer.orderIds();
            }

            @Override
            public OrderDocument build(Order order) {
                return World.document(order);
            }
        }

        @Test
        void areInheritedFromAGenericSuperclass() {
            world.start(AnnotatedMachine.of(new Concrete(log)));

            saveAndDelete();

            assertThat(log).containsExactly("publish OrderDocument[id=1, status=open]", "delete 1");
        }

        @SyncMachineFor(subject = Order.class, name = World.MACHINE, idType = Long.class)
        @ListenTo
        interface OrderHooks {

            @PublishWhen
            default Boolean isReady(Order order) {
                return !order.status().equals("draft");
            }

            @Build
            OrderDocument build(Order order);

            @Publish
            void publish(Order order, OrderDocument document);
        }

        record Implementation(List<String> log) implements OrderHooks {

            @Override
            public OrderDocument build(Order order) {
                return World.document(order);
            }

            @Override
            public void publish(Order order, OrderDocument document) {
                log.add("publish " + document.status());
            }
        }

        @Test
        void areInheritedFromAnInterface() {
            world.start(AnnotatedMachine.of(new Implementation(log)));

            world.save(1, "draft");
            world.save(2, "open");
            world.run();

            assertThat(log).containsExactly("publish open");
        }

        @Test
        void areCalledOnAProxyOfTheirInterface() {
            OrderHooks target = new Implementation(log);
            Object proxy = Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {OrderHooks.class}, (self, method, arguments) -> {
                        log.add("advice " + method.getName());
                        return method.invoke(target, arguments);
                    });
            world.start(AnnotatedMachine.of(proxy));

            world.save(2, "open");
            world.run();

            assertThat(log).containsExactly("advice isReady", "advice build", "advice publish", "publish open");
        }

        /** As containers make them: a subclass without annotations and without the state of the object behind it. */
        static final class Orders$$Proxy extends Orders {

            private final Orders target;

            Orders$$Proxy(Orders target) {
                super(List.of());
                this.target = target;
            }

            @Override
            OrderDocument build(Order order) {
                target.log.add("advice build");
                return target.build(order);
            }

            @Override
            void publish(Order order, OrderDocument document) throws Exception {
                target.log.add("advice publish");
                target.publish(order, document);
            }
        }

        @Test
        void areCalledOnAProxyThatIsASubclass() {
            world.start(AnnotatedMachine.of(new Orders$$Proxy(new Orders(log))));

            world.save(1, "open");
            world.run();

            assertThat(log).containsExactly("advice build", "advice publish", "publish 1 open");
        }

        static final class Publisher {

            final List<String> log;

            Publisher(List<String> log) {
                this.log = log;
            }

            @Publish
            void publish(Order order, Object document) {
                log.add("publish " + document);
            }
        }

        @SyncMachineFor(subject = Order.class, name = World.MACHINE, idType = Long.class)
        @ListenTo
        static final class WithStatics {

            @Build
            static String build(Order order) {
                return order.status();
            }
        }

        @Test
        void areStaticOrOfSeveralObjects() {
            world.start(AnnotatedMachine.of(new WithStatics(), new Publisher(log)));

            world.save(1, "open");
            world.run();

            assertThat(log).containsExactly("publish open");
        }

        static class Paper {

            final long id;

            @ListenTo
            final String text;

            final String colour;

            Paper(long id, String text, String colour) {
                this.id = id;
                this.text = text;
                this.colour = colour;
            }

            @Build
            String build() {
                return "no text";
            }
        }

        @SyncMachineFor(name = World.MACHINE, idType = Long.class)
        static final class Letter extends Paper {

            Letter(long id, String text, String colour) {
                super(id, text, colour);
            }

            @Override
            String build() {
                return text;
            }
        }

        record Post(List<String> log, @UsePolicy Policy policy) {

            @Publish
            void publish(Paper paper, String text) {
                log.add(paper.id + " " + text);
            }
        }

        @Test
        void areInheritedByTheSubject() {
            world.entities.type(Letter.class, Long.class, letter -> letter.id);
            Policy policy = Policy.defaults().inFlight(3);
            SyncMachine<Letter, ?> machine = AnnotatedMachine.of(Letter.class, new Post(log, policy));
            SyncEngine engine = world.start(machine);

            world.entities.save(new Letter(1, "Dear Ada", "white"));
            world.run();
            world.entities.save(new Letter(1, "Dear Ada", "blue"));

            assertThat(log).containsExactly("1 Dear Ada");
            assertThat(engine.backlog().changes()).isZero();
            assertThat(machine.definition().policy()).isSameAs(policy);
        }
    }
}
