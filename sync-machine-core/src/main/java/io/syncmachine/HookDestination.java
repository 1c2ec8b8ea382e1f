package io.syncmachine;

import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.function.CheckedFunction;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The hooks of a declaration, which send to an API that only they know. */
final class HookDestination<S, ID, D> implements Destination<S, ID, D> {

    private final String name;
    private final CheckedFunction<? super Publication<S, ID, D>, ? extends CompletionStage<PublishResult>> publisher;
    private final @Nullable CheckedConsumer<? super Publication<S, ID, D>> deleter;

    HookDestination(
            String name,
            CheckedFunction<? super Publication<S, ID, D>, ? extends CompletionStage<PublishResult>> publisher,
            @Nullable CheckedConsumer<? super Publication<S, ID, D>> deleter) {
        this.name = name;
        this.publisher = publisher;
        this.deleter = deleter;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean deletes() {
        return deleter != null;
    }

    @Override
    @SuppressWarnings("unchecked") // a publication only gives
    public CompletionStage<PublishResult> send(Publication<? extends S, ? extends ID, ? extends D> publication)
            throws Exception {
        Publication<S, ID, D> own = (Publication<S, ID, D>) publication;
        if (publication.kind() != PublicationKind.DELETE) {
            CompletionStage<PublishResult> stage = publisher.apply(own);
            if (stage == null) {
                throw new IllegalStateException("publishLater answered null; answer a stage");
            }
            return stage;
        }
        Objects.requireNonNull(deleter).accept(own);
        return CompletableFuture.completedFuture(PublishResult.done());
    }
}
