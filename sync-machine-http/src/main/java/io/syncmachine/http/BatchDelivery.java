package io.syncmachine.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.syncmachine.BatchRefusedException;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RejectedException;
import io.syncmachine.http.Exchange.Answered;
import io.syncmachine.http.Exchange.Request;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Some publications in one call. */
final class BatchDelivery {

    private final Api api;
    private final Plan plan;
    private final HttpBatch batch;
    private final Judge judge;
    private final Turns turns;
    private final List<Publication<?, ?, ?>> publications = new ArrayList<>();
    private final List<Delivery> deliveries = new ArrayList<>();

    private BatchDelivery(Api api, Plan plan, HttpBatch batch, Turns turns) {
        this.turns = turns;
        this.api = api;
        this.plan = plan;
        this.batch = batch;
        this.judge = new Judge(plan);
    }

    /** Sends what can go together, and the rest one by one. */
    static List<CompletionStage<PublishResult>> begin(
            Api api, Plan plan, List<? extends Publication<?, ?, ?>> publications) {
        Turns turns = new Turns(api.executor);
        Map<HttpBatch, BatchDelivery> together = new LinkedHashMap<>();
        List<Delivery> alone = new ArrayList<>();
        List<CompletionStage<PublishResult>> results = new ArrayList<>();
        for (Publication<?, ?, ?> publication : publications) {
            Delivery delivery = new Delivery(api, plan, publication);
            results.add(delivery.result);
            HttpBatch batch = plan.batch(publication.kind(), publication.isInDoubt());
            if (batch == null || isUnidentified(plan, publication)) {
                alone.add(delivery);
            } else {
                BatchDelivery own = together.computeIfAbsent(batch, said -> new BatchDelivery(api, plan, said, turns));
                own.publications.add(publication);
                own.deliveries.add(delivery);
            }
        }
        for (BatchDelivery own : together.values()) {
            if (own.deliveries.size() == 1) {
                alone.addAll(own.deliveries);
            } else {
                own.send();
            }
        }
        alone.forEach(delivery -> delivery.begin(turns));
        return results;
    }

    /** Whether the API's id must be asked for first. */
    private static boolean isUnidentified(Plan plan, Publication<?, ?, ?> publication) {
        return publication.kind() == PublicationKind.DELETE
                && plan.deletesByRemoteId()
                && publication.remoteId().isEmpty();
    }

    /** What a result tells its subject by. */
    private String idOf(Publication<?, ?, ?> publication) {
        return publication.kind() == PublicationKind.DELETE && plan.deletesByRemoteId()
                ? publication.remoteId().orElseThrow()
                : plan.ids.apply(publication.id());
    }

    private String documentOf(Publication<?, ?, ?> publication) {
        return publication.kind() == PublicationKind.DELETE
                ? JsonNodeFactory.instance.textNode(idOf(publication)).toString()
                : publication.json().orElseThrow();
    }

    private void send() {
        deliveries.forEach(delivery -> delivery.watch(batch.step.toString()));
        for (int i = deliveries.size() - 1; i >= 0; i--) {
            if (deliveries.get(i).result.isDone()) { // its time has passed
                deliveries.remove(i);
                publications.remove(i);
            }
        }
        if (deliveries.isEmpty()) {
            return;
        }
        Request request;
        try {
            URI uri = URI.create(plan.base + batch.step.path().toString());
            byte[] body = batch.text(publications, this::documentOf).getBytes(StandardCharsets.UTF_8);
            request = new Request(
                    batch.step.toString(),
                    batch.step.method(),
                    uri,
                    headers(),
                    Optional.of(body),
                    plan.maxAnswerBytes,
                    plan.packs);
        } catch (RuntimeException e) {
            // Which of them it is about is found out one by one.
            failAll(new BatchRefusedException(
                    "a batch cannot be made: " + e.getClass().getName()));
            return;
        }
        CompletableFuture<Answered> sent = new Exchange(
                        api,
                        request,
                        status -> !judge.isDeclared(status),
                        may -> deliveries.forEach(delivery -> delivery.mayBeApplied(may)))
                .begin();
        cancelWhenAllAreDone(sent);
        Stages.whenDone(sent, (answered, failure) -> {
            if (failure == null) {
                answered(answered);
            } else {
                failAll(failure instanceof Exception exception ? exception : new IOException(failure));
            }
        });
    }

    private Map<String, String> headers() {
        Map<String, String> headers = plan.commonHeaders();
        headers.put("Content-Type", plan.contentType == null ? "application/json" : plan.contentType);
        if (plan.idempotencyHeader != null) {
            headers.put(plan.idempotencyHeader, key());
        }
        return headers;
    }

    /** The same for the same publications in the same state. */
    private String key() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            publications.forEach(publication -> {
                digest.update(publication.idempotencyKey().getBytes(StandardCharsets.UTF_8));
                digest.update((byte) '\n');
            });
            return Base64.getUrlEncoder().withoutPadding().encodeToString(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JVM has it
        }
    }

    private void failAll(Exception failure) {
        deliveries.forEach(delivery -> delivery.fail(failure));
    }

    /** It is accepted, and its answer is yet to come. */
    private void poll(Answered accepted) {
        Duration left =
                deliveries.stream().map(Delivery::left).max(Duration::compareTo).orElse(Duration.ZERO);
        Poll poll = new Poll(api, plan, batch.step.toString(), left, plan.commonHeaders());
        cancelWhenAllAreDone(poll.result);
        Stages.whenDone(
                poll.begin(URI.create(plan.base + batch.step.path().toString()), accepted), (answered, failure) -> {
                    if (failure == null) {
                        answered(answered);
                    } else {
                        failAll(failure instanceof Exception exception ? exception : new IOException(failure));
                    }
                });
    }

    private void cancelWhenAllAreDone(CompletableFuture<?> sent) {
        CompletableFuture<Void> all = CompletableFuture.allOf(
                deliveries.stream().map(delivery -> delivery.result).toArray(CompletableFuture[]::new));
        Stages.whenDone(all, (none, failure) -> sent.cancel(true));
    }

    private void answered(Answered answered) {
        if (answered.answer().status() == 202 && plan.polling != null) {
            poll(answered);
            return;
        }
        Exception failure = judge.failure(batch.step.toString(), answered, false);
        if (failure instanceof RejectedException) {
            failAll(new BatchRefusedException(failure.getMessage() + " (a batch of " + deliveries.size() + ")"));
        } else if (failure != null) {
            failAll(failure);
        } else if (batch.results() == null) {
            deliveries.forEach(delivery -> judge(delivery, answered, answered.answer()));
        } else {
            each(answered, Objects.requireNonNull(batch.results()));
        }
    }

    private void each(Answered answered, String pointer) {
        HttpAnswer answer = answered.answer();
        JsonNode results =
                answer.json().map(node -> node.at(Json.pointer(pointer))).orElse(null);
        boolean inOrder = batch.key() == null;
        if (results == null || !results.isArray() || (inOrder && results.size() != deliveries.size())) {
            failAll(new IOException(judge.message(batch.step.toString(), answered) + ": no array of "
                    + deliveries.size() + " results at '" + pointer + "'"));
            return;
        }
        Map<String, JsonNode> byKey = new HashMap<>();
        if (!inOrder) {
            results.forEach(result -> Json.text(result.at(Json.pointer(Objects.requireNonNull(batch.key()))))
                    .ifPresent(key -> byKey.put(key, result)));
        }
        for (int i = 0; i < deliveries.size(); i++) {
            JsonNode result = inOrder ? results.get(i) : byKey.get(idOf(publications.get(i)));
            judge(deliveries.get(i), answered, result == null ? null : one(answer, result));
        }
    }

    /** One result in the form of an answer, with the limits that were told with all of them. */
    private @Nullable HttpAnswer one(HttpAnswer answer, JsonNode result) {
        HttpAnswer single = answer.with(result.toString().getBytes(StandardCharsets.UTF_8), false);
        return batch.status(single).map(single::with).orElse(null);
    }

    private void judge(Delivery delivery, Answered answered, @Nullable HttpAnswer result) {
        delivery.guard(() -> {
            if (result == null) {
                throw new IOException(judge.message(batch.step.toString(), answered)
                        + ": no result for this publication, or none with a status");
            }
            delivery.writtenInBatch(batch, new Answered(result, answered.credentials()), turns);
        });
    }
}
