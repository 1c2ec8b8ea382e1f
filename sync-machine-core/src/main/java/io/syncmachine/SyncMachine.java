package io.syncmachine;

import io.syncmachine.function.CheckedBiConsumer;
import io.syncmachine.function.CheckedBiFunction;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.function.CheckedPredicate;
import io.syncmachine.spi.MachineDefinition;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * The declaration of a machine: which entities it listens to, whose documents their changes concern, how a document is built,
 * and how the API is told. A machine does nothing by itself; a {@link SyncEngine} runs it.
 *
 * <pre>{@code
 * static final SyncMachine<Order, Long> ORDER_TO_API =
 *     SyncMachine.define("order-to-api", Order.class, Long.class)
 *         .listenTo(Order.class, "status", "customer")
 *         .listenTo(Customer.class, Set.of("firstName", "lastName"), Customer::orderIds)
 *         .publishWhen(Order::isPurchased)
 *         .build(order -> new OrderDocument(order.getId(), order.getCustomer().getFullName(), order.getStatus()))
 *         .publish((order, document) -> api.put("/orders/" + document.id(), document))
 *         .onDelete(id -> api.delete("/orders/" + id))
 *         .done();
 * }</pre>
 *
 * <p>The same can be said by annotations, see {@link io.syncmachine.annotation.AnnotatedMachine}.
 *
 * <p>Immutable and safe for use by several threads; so must be the functions that it is given.
 *
 * @param <S> the subject's class: the entity whose document the API holds
 * @param <ID> the class of its id
 */
public final class SyncMachine<S, ID> {

    private final MachineDefinition<S, ID, ?> definition;

    SyncMachine(MachineDefinition<S, ID, ?> definition) {
        this.definition = definition;
    }

    /**
     * Begins a declaration.
     *
     * @param name by which jobs and records are stored: at most 100 letters, digits, dots, dashes and underscores. Whoever changes
     *     it says {@linkplain Listening#formerly what it was}; else it is another machine, which knows nothing of what was published.
     * @param subject the subject's class
     * @param idType the class of its id, a wrapper class for primitive ids
     * @throws IllegalArgumentException if the name is malformed
     */
    public static <S, ID> Listening<S, ID> define(String name, Class<S> subject, Class<ID> idType) {
        return new MachineBuilder<>(name, subject, idType);
    }

    /** The name given. */
    public String name() {
        return definition.name();
    }

    /** All that was declared, for the engine and for adapters. */
    public MachineDefinition<S, ID, ?> definition() {
        return definition;
    }

    /**
     * The same machine with another destination, which takes the place of its hooks or adapter: the same name and state, so that what was
     * published counts as published here, too, and nothing is sent anew. For another way to the <em>same</em> API, and for a
     * {@link RecordingDestination} in a test. An API that holds nothing yet is {@link #beside another machine's}.
     *
     * <p>Limits that the former destination said are those of the new one now; limits that the policy said stay, unless the new one has
     * its own. Whether the API gives ids is what the new one says.
     *
     * @throws IllegalArgumentException if the destination's name is malformed
     * @throws IllegalStateException if the destination does not fit what was declared: it has to delete where the declaration says so, and
     *     one that gives ids needs {@link Listening#build(Class, CheckedFunction)}
     */
    public SyncMachine<S, ID> withDestination(Destination<? super S, ? super ID, Object> destination) {
        return new SyncMachine<>(Variant.to(destination, definition));
    }

    /**
     * Another machine for another destination, with the same listeners, builder, hook after publication and policy, and a name and state
     * of its own: it begins with knowing of nothing that is published. An engine may run both, each with its own limits, jobs and pauses.
     * For a subject to be at one of them only, say {@link #onlyFor} of each; changing a subject's destination then is no more than
     * changing what the functions look at.
     *
     * @param name of the new machine, unlike all others
     * @throws IllegalArgumentException if a name is malformed, or it is this machine's
     * @throws IllegalStateException as in {@link #withDestination}
     */
    public SyncMachine<S, ID> beside(String name, Destination<? super S, ? super ID, Object> destination) {
        return new SyncMachine<>(Variant.named(name, Variant.to(destination, definition)));
    }

    /**
     * The same machine, with the same name and state, which sends to a second destination, too, to compare how it takes what the first one
     * gets; see {@link ShadowingDestination} for what that means. Of a machine whose destination is an adapter, one can publish to a
     * {@link ShadowingDestination} as well, which has settings and counts.
     *
     * @param shadow to be compared
     * @param onDifference told of each publication that did not end in the same way at both
     */
    public SyncMachine<S, ID> shadowedBy(
            Destination<? super S, ? super ID, Object> shadow,
            Consumer<? super ShadowingDestination.Difference> onDifference) {
        return new SyncMachine<>(Variant.shadowed(shadow, onDifference, definition));
    }

    /**
     * The same machine, with the same name and state, for some subjects only. One that is not chosen any more is deleted at the
     * destination, if it was published there, also where {@link Policy#unpublishable} says that what may not be published is kept. Of
     * a machine that says this already, both must choose a subject.
     *
     * <p>Whether the deletion here or the creation at another machine's destination comes first is not promised, each being tried again by
     * itself if it fails.
     *
     * @param chosen called before {@link Listening#publishWhen}, in the same transaction; must depend on nothing but the subject's
     *     committed data, and what it looks at must be listened to
     * @throws IllegalStateException if the destination does not delete
     */
    public SyncMachine<S, ID> onlyFor(CheckedPredicate<? super S> chosen) {
        return new SyncMachine<>(Variant.onlyFor(chosen, definition));
    }

    @Override
    public String toString() {
        return "SyncMachine[" + name() + "]";
    }

    /** What to listen to, and what to build. Part of the declaration; do not name this type in your code. */
    public interface Listening<S, ID> {

        /**
         * Listens to the subject itself.
         *
         * @param properties only changes of these count; none means all. Creation and deletion always count.
         * @throws IllegalArgumentException if the class is listened to already
         */
        Listening<S, ID> listenTo(Class<S> subject, String... properties);

        /**
         * Listens to another entity, or to the subject in another way, whatever property changes.
         *
         * @param finder answers the ids of the subjects that the entity concerns, or null for none; called with the committed
         *     state, in a read transaction. For one id or a stream see {@link SubjectIds}.
         * @throws IllegalArgumentException if the class is listened to already
         */
        <E> Listening<S, ID> listenTo(Class<E> entity, CheckedFunction<E, ? extends Iterable<? extends ID>> finder);

        /** The same, with a finder that is also given what changed. */
        <E> Listening<S, ID> listenTo(
                Class<E> entity, CheckedBiFunction<E, ChangedProperties, ? extends Iterable<? extends ID>> finder);

        /**
         * Listens to some properties of another entity.
         *
         * @param properties only changes of these count; creation and deletion always count
         */
        <E> Listening<S, ID> listenTo(
                Class<E> entity, Set<String> properties, CheckedFunction<E, ? extends Iterable<? extends ID>> finder);

        /** The same, with a finder that is also given what changed. */
        <E> Listening<S, ID> listenTo(
                Class<E> entity,
                Set<String> properties,
                CheckedBiFunction<E, ChangedProperties, ? extends Iterable<? extends ID>> finder);

        /**
         * Says what documents read, as paths from the subject: {@code "status"}, {@code "customer.firstName"}, {@code
         * "lines.product.name"}. Which entities and properties to listen to, and which subjects a change concerns, is derived from the
         * mapping when the engine starts; no listener, finder or inverse mapping is needed. A path that ends with an association means which
         * entities it leads to, and nothing of them. {@link SyncEngine#explainPaths} shows what was derived. May be said several times, and
         * beside listeners.
         *
         * @throws IllegalArgumentException if a path is malformed or said already
         */
        Listening<S, ID> reads(String... paths);

        /** The same for paths whose changes count as the policy says. */
        Listening<S, ID> reads(ReadPolicy policy, String... paths);

        /**
         * The name that the machine had before; the first one, if there were several. All that it has published and still has to
         * publish stays stored under it, so that nodes with the old and the new name can work side by side.
         *
         * @throws IllegalArgumentException if the name is malformed
         */
        Listening<S, ID> formerly(String oldName);

        /**
         * Listens to an event of the application's own that is {@linkplain Events#signal signalled} with the subject.
         *
         * @param event its name: at most 100 letters, digits, dots, dashes and underscores
         * @throws IllegalArgumentException if the name is malformed or listened to already
         */
        Listening<S, ID> listenToEvent(String event);

        /** The same for an event that is signalled with another entity. */
        <E> Listening<S, ID> listenToEvent(
                String event, Class<E> entity, CheckedFunction<E, ? extends Iterable<? extends ID>> finder);

        /**
         * Whether the subject may be at the API at all; default yes.
         *
         * @throws IllegalStateException if said already
         */
        Listening<S, ID> publishWhen(CheckedPredicate<? super S> publishable);

        /**
         * The document to publish: any object that Jackson can write. Called in the transaction in which the subject is read, so
         * that it may follow lazy associations; must depend on nothing but the subject's committed data, and never answer null.
         */
        <D> Publishing<S, ID, D> build(CheckedFunction<? super S, ? extends D> builder);

        /** The same, naming the document's class; needed where {@link Finishing#remoteIdsFromApi()} is. */
        <D> Publishing<S, ID, D> build(Class<D> documentType, CheckedFunction<? super S, ? extends D> builder);
    }

    /**
     * How the API is told. Part of the declaration; do not name this type in your code.
     *
     * <p>A hook that returns has published. {@link RejectedException} parks the subject, {@link ThrottledException} and
     * {@link NotAcceptedException} repeat it later, {@link UnauthorizedException} pauses the machine; after any other exception the subject is in doubt, and is sent again once
     * the deadline of the failed call has passed. No connection and no transaction is held during the call.
     */
    public interface Publishing<S, ID, D> {

        /** Given the subject, detached, and its document. */
        Finishing<S, ID, D> publish(CheckedBiConsumer<? super S, ? super D> publisher);

        /** Given all about the publication. */
        Finishing<S, ID, D> publish(CheckedConsumer<? super Publication<S, ID, D>> publisher);

        /** The same, answering what the API said. */
        Finishing<S, ID, D> publishWithResult(CheckedFunction<? super Publication<S, ID, D>, PublishResult> publisher);

        /**
         * The same, answering at once and telling later what the API said: no thread waits for it. A failure of the stage means what the
         * same exception does when it is thrown.
         */
        Finishing<S, ID, D> publishLater(
                CheckedFunction<? super Publication<S, ID, D>, ? extends CompletionStage<PublishResult>> publisher);

        /** To an API by an adapter, deletes as well. */
        Finishing<S, ID, D> publish(Destination<? super S, ? super ID, ? super D> destination);
    }

    /** What is optional. Part of the declaration; do not name this type in your code. */
    public interface Finishing<S, ID, D> {

        /**
         * How a subject that is gone is deleted at the API. Without it, the API keeps what it has.
         *
         * @throws IllegalStateException if said already
         */
        Finishing<S, ID, D> onDelete(CheckedConsumer<? super ID> deleter);

        /** The same, also given the last acknowledged document; empty after a create that was not answered. */
        Finishing<S, ID, D> onDelete(CheckedBiConsumer<? super ID, ? super Optional<StoredDocument>> deleter);

        /** The same, given all about the publication. */
        Finishing<S, ID, D> onDeletePublication(CheckedConsumer<? super Publication<S, ID, D>> deleter);

        /**
         * Called after a publication was acknowledged and recorded, never for an unchanged payload or a delete. Not called if the
         * process dies in between. What it throws is logged and changes nothing.
         *
         * @throws IllegalStateException if said already
         */
        Finishing<S, ID, D> afterPublish(CheckedBiConsumer<? super S, ? super D> listener);

        /**
         * Called after a delete was acknowledged and recorded, like {@link #afterPublish}.
         *
         * @throws IllegalStateException if said already
         */
        Finishing<S, ID, D> afterDelete(CheckedConsumer<? super ID> listener);

        /**
         * Called after a publication was given up, with the reason, like {@link #afterPublish}.
         *
         * @throws IllegalStateException if said already
         */
        Finishing<S, ID, D> onDeadLetter(CheckedBiConsumer<? super ID, ? super String> listener);

        /**
         * The durable form of these three: told what became of a subject by a job of its own, which is kept together with the outcome. Called
         * at least once, whatever crashes, one at a time per subject and node, and again after a failure as {@link Policy#retry()}
         * says, or not if it throws {@link RejectedException}; what is given up is a dead letter, too. No publication waits for it, nor
         * it for any. Where jobs are kept on another server than records, it may rarely be called for a document that is about to be
         * recorded.
         *
         * @throws IllegalStateException if said already
         */
        Finishing<S, ID, D> followUp(CheckedConsumer<? super FollowUp<ID>> listener);

        /**
         * The API gives a created subject an id of its own ({@link PublishResult#withRemoteId}). A create whose answer was lost
         * is then repeated with the same document and idempotency key before anything else is sent, so that the id gets known and
         * no second subject is made. Needs {@link Listening#build(Class, CheckedFunction)}.
         */
        Finishing<S, ID, D> remoteIdsFromApi();

        /**
         * Retries, deadline, concurrency; default {@link Policy#defaults()}.
         *
         * @throws IllegalStateException if said already
         */
        Finishing<S, ID, D> policy(Policy policy);

        /**
         * The machine.
         *
         * @throws IllegalStateException if the declaration is incomplete, naming what is missing
         */
        SyncMachine<S, ID> done();
    }
}
