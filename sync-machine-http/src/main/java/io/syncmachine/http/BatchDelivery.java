package io.syncmachine.http;

import com.fasterxml.jackson.databind.JsonNode;
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
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
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
    private final List<Publication<?, ?, ?>> publications = new ArrayList<>();
    private final List<Delivery> deliveries = new ArrayList<>();

    BatchDelivery(Api api, Plan plan) {
        this.api = api;
        this.plan = plan;
        this.batch = Objects.requireNonNull(plan.batch);
        this.judge = new Judge(plan);
    }

    /** Sends what can go together, and the rest one by one. */
    static List<CompletionStage<PublishResult>> begin(
            Api api, Plan plan, List<? extends Publication<?, ?, ?>> publications) {
        BatchDelivery together = new BatchDelivery(api, plan);
        List<Delivery> alone = new ArrayList<>();
        List<CompletionStage<PublishResult>> results = new ArrayList<>();
        for (Publication<?, ?, ?> publication : publications) {
            Delivery delivery = new Delivery(api, plan, publication);
            results.add(delivery.result);
            if (goesAlone(plan, publication)) {
                alone.add(delivery);
            } else {
                together.publications.add(publication);
                together.deliveries.add(delivery);
            }
        }
        if (together.deliveries.size() == 1) {
            alone.addAll(together.deliveries);
        } else if (!together.deliveries.isEmpty()) {
            together.send();
        }
        alone.forEach(delivery -> delivery.begin());
        return results;
    }

    private static boolean goesAlone(Plan plan, Publication<?, ?, ?> publication) {
        boolean lookedUp = plan.createsAnew() && plan.lookup != null && publication.isInDoubt();
        return publication.kind() == PublicationKind.DELETE
                || (publication.kind() == PublicationKind.CREATE && lookedUp);
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
            byte[] body = batch.text(publications).getBytes(StandardCharsets.UTF_8);
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
        CompletableFuture<Void> all = CompletableFuture.allOf(
                deliveries.stream().map(delivery -> delivery.result).toArray(CompletableFuture[]::new));
        Stages.whenDone(all, (none, failure) -> sent.cancel(true));
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

    private void answered(Answered answered) {
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
            JsonNode result = inOrder
                    ? results.get(i)
                    : byKey.get(plan.ids.apply(publications.get(i).id()));
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
            delivery.writtenInBatch(batch, new Answered(result, answered.credentials()));
        });
    }
}
