package io.syncmachine.spi;

import io.syncmachine.FollowUp;
import io.syncmachine.function.CheckedBiConsumer;
import io.syncmachine.function.CheckedConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Who is told what became of subjects, outside of the publishing path; null where nobody is.
 *
 * @param <S> the subject's class
 * @param <ID> its id's class
 * @param <D> the document's class
 * @param afterPublish after an acknowledged create or update
 * @param afterDelete after an acknowledged delete
 * @param onDeadLetter after a publication was given up, with the reason
 * @param followUp after all of these, by a durable job
 */
public record OutcomeListeners<S, ID, D>(
        @Nullable CheckedBiConsumer<? super S, ? super D> afterPublish,
        @Nullable CheckedConsumer<? super ID> afterDelete,
        @Nullable CheckedBiConsumer<? super ID, ? super String> onDeadLetter,
        @Nullable CheckedConsumer<? super FollowUp<ID>> followUp) {}
