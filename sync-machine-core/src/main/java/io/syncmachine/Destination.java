package io.syncmachine;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Where publications go: an API, reached by an adapter. The hooks of a declaration make one, too. Whatever a machine's document is,
 * {@link Publication#json()} has it as text, so that an adapter may be written for all machines at once, as a
 * {@code Destination<Object, Object, Object>}.
 *
 * <p>How a call ended is told by the stage that {@link #send} answers, or by what it throws; both mean the same. A value: the API has
 * said so. {@link RejectedException}: refused for good. {@link NotAcceptedException}: not applied, and worth another attempt.
 * {@link ThrottledException}: not applied, and nothing more shall be sent to this destination for a while.
 * {@link UnauthorizedException}: not applied, and the machine is paused. Anything else: in doubt, unless {@link Policy#classify} knows
 * better.
 *
 * <p>Must be safe for use by several threads.
 *
 * @param <S> the subject's class, or a superclass
 * @param <ID> its id's class, or a superclass
 * @param <D> the document's class, or a superclass
 */
public interface Destination<S, ID, D> {

    /**
     * Its name, for people to read; what holds for a destination (limits, a pause that the API asked for) holds for all machines and
     * nodes that send to one of this name. At most 100 letters, digits, dots, dashes and underscores.
     */
    String name();

    /**
     * Begins to send one publication. May wait for the API's answer, or return at once and complete the stage later, on any thread; then
     * no thread waits for it. Not answered by {@link Publication#deadline()}, it is in doubt, and interrupted or cancelled.
     *
     * @throws Exception how the call ended, like a failure of the stage
     */
    CompletionStage<PublishResult> send(Publication<? extends S, ? extends ID, ? extends D> publication)
            throws Exception;

    /** How many publications {@link #sendAll} can take at once, from 1 to 10,000; default 1, which means that it is never called. */
    default int batchSize() {
        return 1;
    }

    /**
     * Which publications go together: those for which this answers equal values, by {@link #sendAll}; those for which it answers null go
     * alone, by {@link #send}. Each batch is counted as one call, so it is for destinations whose {@link #sendAll} would make several of
     * some. Asked only where {@link #batchSize()} is above one; must be quick, and always answer the same. Default: all go together.
     *
     * @param inDoubt see {@link Publication#isInDoubt()}
     */
    default @Nullable Object batchOf(PublicationKind kind, boolean inDoubt) {
        return "";
    }

    /**
     * Begins to send some publications of different subjects together, and answers a stage for each, in their order. Where all fail with
     * {@link BatchRefusedException}, the batch is sent again in halves, at last one by one by {@link #send}.
     *
     * @param publications one at least, no more than {@link #batchSize()}, and all of one {@linkplain #batchOf batch}
     * @throws Exception how all of them ended
     */
    default List<CompletionStage<PublishResult>> sendAll(
            List<? extends Publication<? extends S, ? extends ID, ? extends D>> publications) throws Exception {
        throw new UnsupportedOperationException(
                "destination '" + name() + "' says batchSize() " + batchSize() + " but has no sendAll");
    }

    /**
     * How much it may be called, by all that send to one of this name; default {@link Limits#none()}. {@link Policy#limits} is for
     * destinations that do not say it themselves.
     */
    default Limits limits() {
        return Limits.none();
    }

    /**
     * Whether {@link #send} and {@link #sendAll} may wait, for the API's answer or anything else; default yes. Where they never do for long, a
     * machine needs only as many threads as there are processors, however many calls are in flight.
     */
    default boolean waits() {
        return true;
    }

    /** Whether it can delete; if not, the API keeps what it has. Default yes. */
    default boolean deletes() {
        return true;
    }

    /**
     * Whether the API gives a created subject an id of its own, see {@link SyncMachine.Finishing#remoteIdsFromApi()}; default no.
     */
    default boolean givesRemoteIds() {
        return false;
    }
}
