package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangedProperties;
import io.syncmachine.FollowUp;
import io.syncmachine.Policy;
import io.syncmachine.Policy.Unpublishable;
import io.syncmachine.Publication;
import io.syncmachine.PublishResult;
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
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is wrong with annotations is said at once, with machine, class, method, rule and cure. */
class AnnotationErrorsTest {

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    private static void refused(Object hooks, Class<? extends Exception> type, String... words) {
        assertThatThrownBy(() -> AnnotatedMachine.of(hooks))
                .isExactlyInstanceOf(type)
                .hasMessageContainingAll(words);
    }

    private static void refused(Object hooks, String... words) {
        refused(hooks, IllegalArgumentException.class, words);
    }

    /** Nothing is wrong with it; to be extended by what is. */
    @SyncMachineFor(subject = Order.class, name = "orders", idType = Long.class)
    static class Orders {

        @Build
        OrderDocument build(Order order) {
            return World.document(order);
        }

        @Publish
        void publish(Order order, OrderDocument document) {}
    }

    // Who declares the machine

    @Test
    void aClassDeclaresAMachine() {
        refused("a string", "java.lang.String", "@SyncMachineFor(subject = …, name = …)");
    }

    @Test
    void aClassIsNoObjectWithHooks() {
        refused((Object) Orders.class, "Orders", "is a class", "make an instance");
        assertThatThrownBy(() -> AnnotatedMachine.of(Subject.class, Orders.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("Orders", "is a class");
    }

    interface Hidden {}

    static final class Visible extends Orders implements Hidden {}

    @Test
    void aProxyShowsTheAnnotations() {
        Visible target = new Visible();
        Object proxy = Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Hidden.class},
                (self, method, arguments) -> method.invoke(target, arguments));
        refused(proxy, "proxy", "Hidden", "annotate one of them, or let the proxy be a subclass");
    }

    @SyncMachineFor(name = "orders")
    static final class WithoutSubject {}

    @Test
    void anObjectNamesItsSubject() {
        refused(new WithoutSubject(), "machine 'orders'", "WithoutSubject", "subject = …");
    }

    @Test
    void aClassThatIsNotTheSubjectIsInstantiated() {
        assertThatThrownBy(() -> AnnotatedMachine.of(Orders.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "machine 'orders'", "Orders", "subject", "Order", "AnnotatedMachine.of(new ", "Orders(…))");
    }

    @Test
    void oneClassDeclaresIt() {
        assertThatThrownBy(() -> AnnotatedMachine.of(new Orders(), new WithoutSubject()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("machine 'orders'", "WithoutSubject", "Orders", "make a machine of each");
    }

    // What is missing or said twice

    @SyncMachineFor(subject = Order.class, name = "orders", idType = Long.class)
    static final class WithoutBuild {

        @Publish
        void publish(Order order, OrderDocument document) {}
    }

    @SyncMachineFor(subject = Order.class, name = "orders", idType = Long.class)
    static final class WithoutPublish {

        @Build
        OrderDocument build(Order order) {
            return World.document(order);
        }
    }

    @Test
    void buildAndPublishAreNeeded() {
        refused(new WithoutBuild(), IllegalStateException.class, "machine 'orders' has no @Build");
        refused(new WithoutPublish(), IllegalStateException.class, "machine 'orders' has no @Publish");
    }

    static final class TwoBuilds extends Orders {

        @Build
        OrderDocument other(Order order) {
            return World.document(order);
        }
    }

    @Test
    void nothingIsSaidTwice() {
        refused(
                new TwoBuilds(),
                IllegalStateException.class,
                "machine 'orders'",
                "Orders.build(Order)",
                "TwoBuilds.other(Order)",
                "leave one of them");
    }

    @SyncMachineFor(subject = Order.class, name = "orders")
    static final class WithoutId {

        @Build
        OrderDocument build(Order order) {
            return World.document(order);
        }

        @Publish
        void publish(Order order, OrderDocument document) {}
    }

    @Test
    void theClassOfTheIdIsSaidSomewhere() {
        refused(new WithoutId(), "machine 'orders'", "id of Order", "idType = …");
    }

    // What methods take and answer

    static final class WrongPublishWhen extends Orders {

        @PublishWhen
        boolean isReady(Customer customer) {
            return true;
        }
    }

    static final class WrongPublishWhenAnswer extends Orders {

        @PublishWhen
        String isReady(Order order) {
            return "yes";
        }
    }

    @Test
    void publishWhenTakesTheSubjectAndAnswersABoolean() {
        refused(
                new WrongPublishWhen(),
                "machine 'orders': @PublishWhen",
                "WrongPublishWhen.isReady(",
                "must take (",
                "Order)",
                "but takes (",
                "Customer)");
        refused(new WrongPublishWhenAnswer(), "@PublishWhen", "isReady", "must answer a boolean", "java.lang.String");
    }

    static final class WrongBuild extends Orders {

        @Override
        @Build
        OrderDocument build(Order order) {
            return World.document(order);
        }

        @Build
        void build(Order order, Customer customer) {}
    }

    @SyncMachineFor(subject = Order.class, name = "orders", idType = Long.class)
    static final class VoidBuild {

        @Build
        void build(Order order) {}

        @Publish
        void publish(Order order, OrderDocument document) {}
    }

    @Test
    void buildTakesTheSubjectAndAnswersADocument() {
        refused(new WrongBuild(), IllegalStateException.class, "WrongBuild.build(", "leave one of them");
        refused(new VoidBuild(), "@Build", "VoidBuild.build(", "must answer the document", "answers nothing");
    }

    static class NoPublish {

        @Build
        OrderDocument build(Order order) {
            return World.document(order);
        }
    }

    @SyncMachineFor(subject = Order.class, name = "orders", idType = Long.class)
    static final class WrongDocument extends NoPublish {

        @Publish
        void publish(Order order, String document) {}
    }

    @SyncMachineFor(subject = Order.class, name = "orders", idType = Long.class)
    static final class WrongPublication extends NoPublish {

        @Publish
        void publish(Publication<Order, Long, String> publication) {}
    }

    @SyncMachineFor(subject = Order.class, name = "orders", idType = Long.class)
    static final class AnswersFuture extends NoPublish {

        @Publish
        CompletionStage<Void> publish(Order order, OrderDocument document) {
            return CompletableFuture.completedFuture(null);
        }
    }

    @SyncMachineFor(subject = Order.class, name = "orders", idType = Long.class)
    static final class AnswersResult extends NoPublish {

        @Publish
        PublishResult publish(Order order, OrderDocument document) {
            return PublishResult.done();
        }
    }

    @Test
    void publishTakesTheDocumentThatIsBuilt() {
        refused(new WrongDocument(), "@Publish", "WrongDocument.publish(", "OrderDocument) or Publication<", "String)");
        refused(new WrongPublication(), "@Publish", "says String for", "OrderDocument");
        refused(new AnswersFuture(), "@Publish", "must answer nothing, or a PublishResult", "CompletionStage");
        refused(new AnswersResult(), "@Publish", "must take Publication<", "to answer a PublishResult");
    }

    static final class WrongDelete extends Orders {

        @OnDelete
        void delete(String id) {}
    }

    static final class WrongLast extends Orders {

        @OnDelete
        void delete(Long id, Optional<OrderDocument> last) {}
    }

    static final class AnsweringDelete extends Orders {

        @OnDelete
        boolean delete(Long id) {
            return true;
        }
    }

    @Test
    void onDeleteTakesTheId() {
        String forms = "must take (Long), (Long, Optional<StoredDocument>) or Publication<";
        refused(new WrongDelete(), "@OnDelete", "WrongDelete.delete(String)", forms, "but takes (String)");
        refused(new WrongLast(), "@OnDelete", "WrongLast.delete(Long, Optional)", forms);
        refused(new AnsweringDelete(), "@OnDelete", "must answer nothing, but answers boolean");
    }

    static final class WrongAfterPublish extends Orders {

        @AfterPublish
        void sent(OrderDocument document) {}
    }

    @Test
    void afterPublishTakesTheSubject() {
        refused(new WrongAfterPublish(), "@AfterPublish", "sent(", "must take (", "Order) or (", "OrderDocument)");
    }

    static final class WrongAfterDelete extends Orders {

        @AfterDelete
        void deleted(Order order) {}
    }

    static final class AnsweringAfterDelete extends Orders {

        @AfterDelete
        boolean deleted(Long id) {
            return true;
        }
    }

    @Test
    void afterDeleteTakesTheId() {
        refused(new WrongAfterDelete(), "@AfterDelete", "deleted(", "must take (Long), but takes (", "Order)");
        refused(new AnsweringAfterDelete(), "@AfterDelete", "must answer nothing, but answers boolean");
    }

    static final class WrongDeadLetter extends Orders {

        @OnDeadLetter
        void givenUp(Long id, Exception reason) {}
    }

    @Test
    void onDeadLetterTakesTheIdAndTheReason() {
        refused(
                new WrongDeadLetter(),
                "@OnDeadLetter",
                "givenUp(Long, Exception)",
                "must take (Long) or (Long, String)",
                "but takes (Long, Exception)");
    }

    static final class WrongFollowUp extends Orders {

        @OnFollowUp
        void follow(FollowUp<String> followUp) {}
    }

    static final class FollowUpOfAnId extends Orders {

        @OnFollowUp
        void follow(Long id) {}
    }

    @Test
    void onFollowUpTakesAFollowUp() {
        refused(new WrongFollowUp(), "@OnFollowUp", "follow(FollowUp)", "must take FollowUp<Long>");
        refused(new FollowUpOfAnId(), "@OnFollowUp", "follow(Long)", "must take FollowUp<Long>, but takes (Long)");
    }

    static final class WrongFinder extends Orders {

        @ListenTo
        List<String> orders(Customer customer) {
            return List.of();
        }
    }

    static final class FinderOfNothing extends Orders {

        @ListenTo
        void orders(Customer customer) {}
    }

    static final class FinderWithoutEntity extends Orders {

        @ListenTo
        List<Long> orders() {
            return List.of();
        }
    }

    static final class EventWithChanges extends Orders {

        @ListenToEvent("moved")
        List<Long> orders(Customer customer, ChangedProperties changed) {
            return List.of();
        }
    }

    @Test
    void findersTakeAnEntityAndAnswerIds() {
        String rule = "must answer one Long, or a collection, other Iterable or Stream of them";
        refused(new WrongFinder(), "@ListenTo", "WrongFinder.orders(", rule, "java.util.List<java.lang.String>");
        refused(new FinderOfNothing(), "@ListenTo", rule, "answers nothing");
        refused(new FinderWithoutEntity(), "@ListenTo", "an entity, or an entity and ChangedProperties", "takes ()");
        refused(new EventWithChanges(), "@ListenToEvent", "an entity and nothing else", "ChangedProperties)");
    }

    static final class ListensByField extends Orders {

        @ListenTo("name")
        Customer customer;
    }

    @Test
    void aFieldOfAnObjectIsNoWayToFindSubjects() {
        refused(new ListensByField(), "@ListenTo", "ListensByField.customer", "on a method that takes another entity");
    }

    static final class WrongPolicy extends Orders {

        @UsePolicy
        String policy = "fast";
    }

    static final class NoPolicy extends Orders {

        @UsePolicy
        Policy policy;
    }

    static final class FailingPolicy extends Orders {

        @UsePolicy
        Policy policy() {
            return Policy.defaults().inFlight(0);
        }
    }

    @Test
    void aPolicyIsAPolicy() {
        refused(new WrongPolicy(), "@UsePolicy", "WrongPolicy.policy", "must answer a Policy", "java.lang.String");
        refused(new NoPolicy(), "@UsePolicy", "NoPolicy.policy", "is null");
        refused(new FailingPolicy(), "@UsePolicy", "FailingPolicy.policy()", "inFlight must be from 1 to 10000");
    }

    // Proxies

    static class PrivateHook extends Orders {

        @PublishWhen
        @SuppressWarnings("UnusedMethod") // it is used by its annotation
        private boolean isReady(Order order) {
            return order.id() > 0;
        }
    }

    static final class PrivateHook$$Proxy extends PrivateHook {}

    @Test
    void aProxyDoesNotSeePrivateHooks() {
        refused(
                new PrivateHook$$Proxy(),
                "@PublishWhen",
                "PrivateHook.isReady(",
                "is private, final or a field",
                "PrivateHook$$Proxy",
                "can be overridden");
    }

    // The subject's class

    @SyncMachineFor(name = "subjects")
    record Subject(long id, @ListenTo String status) {

        @Build
        String build() {
            return status;
        }
    }

    static final class SubjectHooks {

        @Publish
        void publish(Subject subject, String status) {}

        @OnDelete
        void delete(long id) {}
    }

    @SyncMachineFor(name = "subjects")
    record OnDeleteOfSubject(long id) {

        @Build
        String build() {
            return "";
        }

        @Publish
        static void publish(OnDeleteOfSubject subject, String status) {}

        @OnDelete
        void delete() {}
    }

    @Test
    void aSubjectThatIsGoneCannotBeCalled() {
        assertThatThrownBy(() -> AnnotatedMachine.of(OnDeleteOfSubject.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("@OnDelete", "OnDeleteOfSubject.delete()", "gone", "make it static");
    }

    @SyncMachineFor(name = "orders", idType = Long.class)
    record DeadLetterOfSubject(long id) {

        @Build
        String build() {
            return "";
        }

        @Publish
        static void publish(DeadLetterOfSubject subject, String status) {}

        @OnDeadLetter
        void givenUp() {}
    }

    @Test
    void aSubjectIsNotCalledWhereThereIsNone() {
        assertThatThrownBy(() -> AnnotatedMachine.of(DeadLetterOfSubject.class))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "@OnDeadLetter", "DeadLetterOfSubject.givenUp()", "without the subject", "make it static");
    }

    @SyncMachineFor(name = "subjects", idType = Long.class)
    @ListenTo
    record AllAndOne(long id, @ListenTo String status) {

        @Build
        String build() {
            return status;
        }

        @Publish
        static void publish(AllAndOne subject, String status) {}
    }

    @SyncMachineFor(name = "subjects", idType = Long.class)
    record NamesOnField(long id, @ListenTo("state") String status) {

        @Build
        String build() {
            return status;
        }

        @Publish
        static void publish(NamesOnField subject, String status) {}
    }

    @SyncMachineFor(name = "subjects")
    record ListensByGetter(long id, long parent) {

        @ListenTo
        long getParent() {
            return parent;
        }

        @Build
        String build() {
            return "";
        }
    }

    @Test
    void aGetterOfTheSubjectIsNoFinder() {
        assertThatThrownBy(() -> AnnotatedMachine.of(ListensByGetter.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("@ListenTo", "ListensByGetter.getParent()", "static", "annotate the field");
    }

    record Stray(long id, String status) {

        @PublishWhen
        boolean isReady() {
            return !status.isEmpty();
        }
    }

    @SyncMachineFor(subject = Stray.class, name = "strays", idType = Long.class)
    static final class OfStray {

        @Build
        String build(Stray stray) {
            return stray.status();
        }

        @Publish
        void publish(Stray stray, String status) {}
    }

    @Test
    void noAnnotationIsOverlooked() {
        refused(new OfStray(), "machine 'strays'", "Stray has @PublishWhen", "move it to OfStray");
        assertThatThrownBy(() -> AnnotatedMachine.of(new Orders(), "a string"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("machine 'orders'", "String has no hooks", "leave it out");
    }

    @Test
    void aFieldOfTheSubjectStandsForItself() {
        assertThatThrownBy(() -> AnnotatedMachine.of(AllAndOne.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("@ListenTo", "AllAndOne.status", "on the class listens to all");
        assertThatThrownBy(() -> AnnotatedMachine.of(NamesOnField.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("@ListenTo", "NamesOnField.status", "say just @ListenTo");
    }

    // What the builder says

    @SyncMachineFor(subject = Order.class, name = "orders to api", idType = Long.class)
    static final class WrongName extends Orders {}

    @SyncMachineFor(subject = Order.class, name = "orders", idType = long.class)
    static final class PrimitiveId extends Orders {}

    @ListenTo
    static final class ListensTwice extends Orders {

        @ListenTo
        List<Long> siblings(Order order) {
            return List.of();
        }
    }

    @ListenToEvent("a")
    @ListenToEvent("a")
    static final class SameEvents extends Orders {}

    static final class DeletesWithoutDelete extends Orders {

        @UsePolicy
        static final Policy POLICY = Policy.defaults().unpublishable(Unpublishable.DELETE);
    }

    @SyncMachineFor(subject = Order.class, name = "orders", idType = Long.class)
    static final class RemoteIdsWithoutResult extends NoPublish {

        @Publish(remoteIdsFromApi = true)
        void publish(Order order, OrderDocument document) {}
    }

    @Test
    void theRulesOfTheBuilderHold() {
        refused(new WrongName(), "orders to api");
        refused(new PrimitiveId(), "machine 'orders'", "long");
        refused(new ListensTwice(), "machine 'orders'", "listens to Order already");
        refused(new SameEvents(), "machine 'orders'", "'a' already");
        refused(new DeletesWithoutDelete(), IllegalStateException.class, "orders", "onDelete");
        refused(new RemoteIdsWithoutResult(), IllegalStateException.class, "remoteIdsFromApi()", "publishWithResult");
    }

    @ListenTo("state")
    static final class UnknownProperty extends Orders {}

    @SyncMachineFor(subject = Order.class, name = "orders", idType = String.class)
    static final class WrongId extends Orders {}

    @Test
    void theRulesOfTheEngineHold() {
        assertThatThrownBy(() -> world.start(AnnotatedMachine.of(new UnknownProperty())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("orders", "[state]", "[customerId, id, status]");
        assertThatThrownBy(() -> world.start(AnnotatedMachine.of(new WrongId())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("orders", "java.lang.Long", "java.lang.String");
        assertThatThrownBy(() -> world.start(AnnotatedMachine.of(Subject.class, new SubjectHooks())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("subjects", "Subject");
    }
}
