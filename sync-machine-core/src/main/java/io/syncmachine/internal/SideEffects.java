package io.syncmachine.internal;

import io.syncmachine.event.Hook;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.function.CheckedBiConsumer;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.internal.Hooks.Call;
import io.syncmachine.spi.OutcomeListeners;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls the listeners that are not durable, on threads of their own, when what they are told is written. */
final class SideEffects {

    private static final Logger log = LoggerFactory.getLogger(SideEffects.class);

    private final Slots<Runnable> threads;
    private final Hooks hooks;

    SideEffects(Slots<Runnable> threads, Hooks hooks) {
        this.threads = threads;
        this.hooks = hooks;
    }

    /** Whether nothing is to be called any more. */
    boolean isIdle() {
        return threads.load() == 0;
    }

    /** Tells what became of a run. */
    <S, ID, D> void tell(Run<S, ID, D> run, Outcome outcome) {
        OutcomeListeners<S, ID, D> told = run.machine.definition.told();
        if (outcome.result() == Result.PUBLISHED && told.afterPublish() != null) {
            afterPublish(run, told.afterPublish());
        } else if (outcome.result() == Result.DELETED && told.afterDelete() != null) {
            CheckedConsumer<? super ID> listener = told.afterDelete();
            call(run, Hook.AFTER_DELETE, () -> {
                listener.accept(run.id);
                return null;
            });
        } else if (outcome.result() == Result.DEAD_LETTERED && told.onDeadLetter() != null) {
            CheckedBiConsumer<? super ID, ? super String> listener = told.onDeadLetter();
            String reason = String.valueOf(outcome.reason());
            call(run, Hook.ON_DEAD_LETTER, () -> {
                listener.accept(run.id, reason);
                return null;
            });
        }
    }

    private <S, D> void afterPublish(Run<S, ?, D> run, CheckedBiConsumer<? super S, ? super D> listener) {
        Run.Message<S, D> message = run.message();
        @Nullable S subject = message.subject();
        @Nullable D document = message.document();
        if (subject != null && document != null) {
            call(run, Hook.AFTER_PUBLISH, () -> {
                listener.accept(subject, document);
                return null;
            });
        }
    }

    private void call(Run<?, ?, ?> run, Hook hook, Call<?> listener) {
        threads.add(List.of(() -> {
            try {
                hooks.call(run.describe().of(hook), listener);
            } catch (Throwable e) {
                log.warn("machine {}: {} of {} failed", run.machine.name(), hook, run.key.id(), e);
            }
        }));
    }
}
