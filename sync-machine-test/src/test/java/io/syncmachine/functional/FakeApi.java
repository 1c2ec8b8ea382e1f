package io.syncmachine.functional;

import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** An API that holds documents, and remembers how it was called. */
final class FakeApi {

    /** What it holds, by the id that the caller gave or, if created by {@link #post}, by its own. */
    final Map<String, String> content = new TreeMap<>();

    final List<Call> calls = new ArrayList<>();
    private final Deque<Reaction> reactions = new ArrayDeque<>();
    private final Map<String, String> answersByKey = new HashMap<>();
    private Reaction always = Runnable::run;

    record Call(PublicationKind kind, String id, String json, String key, long version, int attempt, String remoteId) {}

    /** What happens in a call. */
    interface Reaction {
        void react(Runnable apply) throws Exception;
    }

    /** The call is not applied. */
    static Reaction fails(Exception failure) {
        return apply -> {
            throw failure;
        };
    }

    /** The call is applied, but its answer is lost. */
    static Reaction losesItsAnswer() {
        return apply -> {
            apply.run();
            throw new IOException("connection reset");
        };
    }

    /** Something else happens before the call is applied. */
    static Reaction takesPlaceAfter(Runnable other) {
        return apply -> {
            other.run();
            apply.run();
        };
    }

    /** Something else happens after the call is applied and before it is answered. */
    static Reaction isFollowedBy(Runnable other) {
        return apply -> {
            apply.run();
            other.run();
        };
    }

    /** What happens in the next calls. */
    void next(Reaction... reactions) {
        this.reactions.addAll(List.of(reactions));
    }

    /** What happens in each call. */
    void always(Reaction reaction) {
        always = reaction;
    }

    void put(Publication<?, ?, ?> publication) throws Exception {
        String id = publication.id().toString();
        call(publication, () -> content.put(id, publication.json().orElseThrow()));
    }

    void delete(Publication<?, ?, ?> publication) throws Exception {
        call(
                publication,
                () -> content.remove(
                        publication.remoteId().orElse(publication.id().toString())));
    }

    /** Creates under an id of its own, the same for the same key; or updates. */
    PublishResult post(Publication<?, ?, ?> publication) throws Exception {
        String id = publication
                .remoteId()
                .orElseGet(() ->
                        answersByKey.getOrDefault(publication.idempotencyKey(), "remote-" + (answersByKey.size() + 1)));
        call(publication, () -> {
            answersByKey.put(publication.idempotencyKey(), id);
            content.put(id, publication.json().orElseThrow());
        });
        return PublishResult.withRemoteId(id);
    }

    private void call(Publication<?, ?, ?> publication, Runnable apply) throws Exception {
        calls.add(new Call(
                publication.kind(),
                publication.id().toString(),
                publication.json().orElse(null),
                publication.idempotencyKey(),
                publication.version(),
                publication.attempt(),
                publication.remoteId().orElse(null)));
        Reaction reaction = reactions.poll();
        (reaction == null ? always : reaction).react(apply);
    }

    List<PublicationKind> kinds() {
        return calls.stream().map(Call::kind).toList();
    }

    List<String> keys() {
        return calls.stream().map(Call::key).toList();
    }

    Call latest() {
        return calls.get(calls.size() - 1);
    }
}
