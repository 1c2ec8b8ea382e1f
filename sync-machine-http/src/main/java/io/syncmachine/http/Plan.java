package io.syncmachine.http;

import io.syncmachine.FailureKind;
import io.syncmachine.Limits;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What was said of a destination. Changed by its builder alone; what was built has a copy. */
final class Plan {

    static final int DEFAULT_ANSWER_BYTES = 1024 * 1024;

    final URI base;

    @Nullable
    String name;

    @Nullable
    Step create;

    @Nullable
    Step update;

    @Nullable
    Step delete;

    @Nullable
    Step lookup;

    @Nullable
    String lookupPointer;

    boolean adopts;

    @Nullable
    Function<HttpAnswer, Optional<String>> remoteId;

    @Nullable
    String remoteIdPlace;

    @Nullable
    HttpBatch batch;

    @Nullable
    HttpBatch deleteBatch;

    @Nullable
    Function<? super Publication<?, ?, ?>, String> body;

    Function<Object, String> ids = String::valueOf;

    @Nullable
    String contentType;

    Map<String, String> fixedHeaders = new LinkedHashMap<>();
    Map<String, Function<? super Publication<?, ?, ?>, String>> headers = new LinkedHashMap<>();

    @Nullable
    String idempotencyHeader = "Idempotency-Key";

    @Nullable
    String versionHeader;

    @Nullable
    Success success;

    @Nullable
    HttpPolling polling;

    Map<Integer, Optional<FailureKind>> statuses = new LinkedHashMap<>();

    @Nullable
    String messagePointer;

    Limits limits = Limits.none();

    @Nullable
    Duration timeout;

    Duration defaultPause = Duration.ofSeconds(10);
    Duration longestPause = Duration.ofHours(24);
    int maxAnswerBytes = DEFAULT_ANSWER_BYTES;
    boolean packs;
    Supplier<Instant> clock = Instant::now;

    /**
     * A call of the API.
     *
     * @param difference whether it sends what changed
     */
    record Step(String method, Template path, boolean difference) {

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    /** What an answer must be besides having a status of 2xx. */
    record Success(String what, Predicate<HttpAnswer> test, FailureKind otherwise) {}

    Plan(URI base) {
        this.base = base;
    }

    /** A copy of what holds for all paths of an API. */
    Plan ofApi() {
        Plan copy = new Plan(base);
        copy.name = name;
        copy.ids = ids;
        copy.contentType = contentType;
        copy.fixedHeaders = new LinkedHashMap<>(fixedHeaders);
        copy.headers = new LinkedHashMap<>(headers);
        copy.idempotencyHeader = idempotencyHeader;
        copy.versionHeader = versionHeader;
        copy.success = success;
        copy.polling = polling;
        copy.statuses = new LinkedHashMap<>(statuses);
        copy.messagePointer = messagePointer;
        copy.limits = limits;
        copy.timeout = timeout;
        copy.defaultPause = defaultPause;
        copy.longestPause = longestPause;
        copy.maxAnswerBytes = maxAnswerBytes;
        copy.packs = packs;
        copy.clock = clock;
        return copy;
    }

    /** A copy of all. */
    Plan copy() {
        Plan copy = ofApi();
        copy.create = create;
        copy.update = update;
        copy.delete = delete;
        copy.lookup = lookup;
        copy.lookupPointer = lookupPointer;
        copy.adopts = adopts;
        copy.remoteId = remoteId;
        copy.remoteIdPlace = remoteIdPlace;
        copy.batch = batch;
        copy.deleteBatch = deleteBatch;
        copy.body = body;
        return copy;
    }

    /** The headers of every call. */
    Map<String, String> commonHeaders() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("Accept", "application/json, application/problem+json;q=0.9, */*;q=0.1");
        all.put("User-Agent", "sync-machine-http");
        fixedHeaders.forEach((name, value) -> {
            all.keySet().removeIf(name::equalsIgnoreCase);
            all.put(name, value);
        });
        return all;
    }

    /** Whether a create that is repeated could make a second one. */
    boolean createsAnew() {
        return create != null && !create.equals(update);
    }

    /** How publications of a kind go together; null for one by one. */
    @Nullable
    HttpBatch batch(PublicationKind kind, boolean inDoubt) {
        boolean lookedUp = kind == PublicationKind.CREATE && inDoubt && createsAnew() && lookup != null;
        return kind == PublicationKind.DELETE ? deleteBatch : lookedUp ? null : batch;
    }

    boolean deletesByRemoteId() {
        return delete != null && delete.path().needsRemoteId();
    }

    boolean givesRemoteIds() {
        return remoteId != null;
    }
}
