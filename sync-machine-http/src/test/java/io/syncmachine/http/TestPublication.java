package io.syncmachine.http;

import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.StoredDocument;
import io.syncmachine.spi.DocumentFormat;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A publication as a test wants it. Immutable. */
record TestPublication(
        PublicationKind kind,
        Object id,
        @Nullable String text,
        @Nullable String before,
        @Nullable String apiId,
        boolean isInDoubt,
        Duration timeLeft)
        implements Publication<Object, Object, Object> {

    static final String KEY = "key-of-the-intent";
    static final long VERSION = 42;
    static final Duration TIME = Duration.ofSeconds(8);

    private static final DocumentFormat UNREADABLE = new DocumentFormat() {
        @Override
        public <T> T read(String json, Class<T> type) {
            throw new UnsupportedOperationException();
        }
    };

    static TestPublication create(Object id, String json) {
        return new TestPublication(PublicationKind.CREATE, id, json, null, null, false, TIME);
    }

    static TestPublication update(Object id, String json) {
        return new TestPublication(PublicationKind.UPDATE, id, json, null, null, false, TIME);
    }

    static TestPublication delete(Object id) {
        return new TestPublication(PublicationKind.DELETE, id, null, null, null, false, TIME);
    }

    TestPublication after(String before) {
        return new TestPublication(kind, id, text, before, apiId, isInDoubt, timeLeft);
    }

    TestPublication known(String apiId) {
        return new TestPublication(kind, id, text, before, apiId, isInDoubt, timeLeft);
    }

    TestPublication inDoubt() {
        return new TestPublication(kind, id, text, before, apiId, true, timeLeft);
    }

    TestPublication within(Duration time) {
        return new TestPublication(kind, id, text, before, apiId, isInDoubt, time);
    }

    @Override
    public @Nullable Object subject() {
        return null;
    }

    @Override
    public Object document() {
        return json().orElseThrow();
    }

    @Override
    public Optional<String> json() {
        return Optional.ofNullable(text);
    }

    @Override
    public Optional<StoredDocument> previous() {
        return Optional.ofNullable(before).map(json -> new StoredDocument(json, UNREADABLE));
    }

    @Override
    public Optional<String> remoteId() {
        return Optional.ofNullable(apiId);
    }

    @Override
    public String idempotencyKey() {
        return KEY;
    }

    @Override
    public long version() {
        return VERSION;
    }

    @Override
    public int attempt() {
        return 1;
    }

    @Override
    public Instant deadline() {
        return Instant.now().plus(timeLeft);
    }

    @Override
    public String tenant() {
        return "acme";
    }
}
