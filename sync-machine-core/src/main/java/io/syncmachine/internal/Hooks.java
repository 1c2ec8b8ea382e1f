package io.syncmachine.internal;

import io.syncmachine.event.HookCall;
import io.syncmachine.event.HookScope;
import io.syncmachine.event.SyncObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls the application's functions, with observers around them. */
final class Hooks {

    private static final Logger log = LoggerFactory.getLogger(Hooks.class);

    private final List<SyncObserver> observers;

    Hooks(List<SyncObserver> observers) {
        this.observers = observers;
    }

    /** A function of the application. */
    interface Call<R> {
        @Nullable
        R run() throws Exception;
    }

    <R> @Nullable R call(Supplier<HookCall> description, Call<R> call) throws Exception {
        return callAll(List.of(description), call);
    }

    /** One call for several. */
    <R> @Nullable R callAll(List<Supplier<HookCall>> descriptions, Call<R> call) throws Exception {
        if (observers.isEmpty()) {
            return call.run();
        }
        List<HookScope> scopes = new ArrayList<>();
        descriptions.forEach(description -> begin(description.get(), scopes));
        Throwable failure = null;
        try {
            return call.run();
        } catch (Throwable e) {
            failure = e;
            throw e;
        } finally {
            end(scopes, failure);
        }
    }

    private void begin(HookCall call, List<HookScope> scopes) {
        for (SyncObserver observer : observers) {
            try {
                scopes.add(observer.onCall(call));
            } catch (Throwable e) {
                log.warn("an observer failed", e);
            }
        }
    }

    private static void end(List<HookScope> scopes, @Nullable Throwable failure) {
        for (int i = scopes.size() - 1; i >= 0; i--) {
            try {
                scopes.get(i).end(failure);
            } catch (Throwable e) {
                log.warn("an observer failed", e);
            }
        }
    }
}
