package io.syncmachine.spi;

import io.syncmachine.Destination;
import io.syncmachine.Policy;
import io.syncmachine.ReadPolicy;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.function.CheckedPredicate;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that a machine's declaration says; read it from {@link io.syncmachine.SyncMachine#definition()}.
 *
 * @param <S> the subject's class
 * @param <ID> its id's class
 * @param <D> the document's class
 * @param name the declared name
 * @param storedName by which everything is stored: its first name
 * @param subject the subject's class
 * @param idType its id's class
 * @param listeners what is listened to, each class once
 * @param events the events of the application's own that are listened to, by name
 * @param reads the paths that documents read, each with how soon a change counts
 * @param publishable null for always
 * @param chosen whether a subject is this machine's at all; one that is not, or no longer, is deleted at the destination. Null for
 *     every subject
 * @param documentType null if it was not named
 * @param builder from subject to document
 * @param destination tells the API
 * @param told who is told what became of subjects
 * @param policy retries, deadline, concurrency
 * @param remoteIdsFromApi whether an unanswered create is repeated before anything else
 */
public record MachineDefinition<S, ID, D>(
        String name,
        String storedName,
        Class<S> subject,
        Class<ID> idType,
        List<Listener<?, ID>> listeners,
        Map<String, Listener<?, ID>> events,
        Map<String, ReadPolicy> reads,
        @Nullable CheckedPredicate<? super S> publishable,
        @Nullable CheckedPredicate<? super S> chosen,
        @Nullable Class<D> documentType,
        CheckedFunction<? super S, ? extends D> builder,
        Destination<? super S, ? super ID, ? super D> destination,
        OutcomeListeners<S, ID, D> told,
        Policy policy,
        boolean remoteIdsFromApi) {}
