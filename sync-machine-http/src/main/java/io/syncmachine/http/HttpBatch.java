package io.syncmachine.http;

import io.syncmachine.Publication;
import io.syncmachine.http.Plan.Step;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How an API takes many publications in one call: creates and updates ({@link HttpDestination.Builder#batch}), or deletes ({@link
 * HttpDestination.Builder#deleteBatch}). Immutable; each method answers a copy with one thing changed.
 *
 * <pre>{@code
 * HttpBatch.post("/orders/bulk", 100).resultsAt("/results").statusAt("/status")
 * }</pre>
 *
 * <p>Without {@link #resultsAt}, a status of 2xx means that all were applied. A batch that is refused as a whole (a status of 4xx that
 * stands for a refusal) is sent again in halves, at last one by one as single calls.
 */
public final class HttpBatch {

    static final int MOST = 10_000;

    final Step step;
    final int size;
    private final Values values;

    /** What is said; copied before it is changed. */
    private static final class Values {
        @Nullable
        String resultsAt;

        @Nullable
        String statusAt;

        @Nullable
        Predicate<HttpAnswer> success;

        @Nullable
        Function<HttpAnswer, Optional<String>> remoteId;

        @Nullable
        String keyAt;

        @Nullable
        Function<? super Publication<?, ?, ?>, String> document;

        Function<? super List<String>, String> body =
                documents -> documents.stream().collect(Collectors.joining(",", "[", "]"));

        Values copy() {
            Values copy = new Values();
            copy.resultsAt = resultsAt;
            copy.statusAt = statusAt;
            copy.success = success;
            copy.remoteId = remoteId;
            copy.keyAt = keyAt;
            copy.document = document;
            copy.body = body;
            return copy;
        }
    }

    private HttpBatch(Step step, int size, Values values) {
        this.step = step;
        this.size = size;
        this.values = values;
    }

    /**
     * Batches that are sent by POST.
     *
     * @param path after the base address; without values in braces
     * @param size how many documents at most, from 2 to 10,000
     * @throws IllegalArgumentException if the path is none or the size is out of range
     */
    public static HttpBatch post(String path, int size) {
        return of("POST", path, size);
    }

    /**
     * The same by another method.
     *
     * @throws IllegalArgumentException if method or path are none or the size is out of range
     */
    public static HttpBatch of(String method, String path, int size) {
        if (size < 2 || size > MOST) {
            throw new IllegalArgumentException("the size of a batch must be from 2 to 10000, but is " + size);
        }
        Template template = Template.of("the path of a batch", path);
        if (!template.isFixed()) {
            throw new IllegalArgumentException("the path of a batch must have no values, but is '" + path + "'");
        }
        return new HttpBatch(new Step(Syntax.method(method), template, false), size, new Values());
    }

    /**
     * Where in the answer the array with one result for each document stands, in their order; {@code ""} if the array is all of it.
     *
     * @param pointer a JSON pointer
     * @throws IllegalArgumentException if it is none
     */
    public HttpBatch resultsAt(String pointer) {
        Values copy = values.copy();
        copy.resultsAt = Syntax.pointer("resultsAt", pointer);
        return new HttpBatch(step, size, copy);
    }

    /** Where in a result its status stands, which is judged like that of a single call. Default: each result is a success. */
    public HttpBatch statusAt(String pointer) {
        Values copy = values.copy();
        copy.statusAt = Syntax.pointer("statusAt", pointer);
        return new HttpBatch(step, size, copy);
    }

    /**
     * What a result has that is a success; any other is a refusal for good, like a status of 422. Where there is a status as well, this is
     * asked only where that is 2xx.
     */
    public HttpBatch successAt(String pointer, String value) {
        Syntax.pointer("successAt", pointer);
        Values copy = values.copy();
        copy.success = result -> result.at(pointer).filter(value::equals).isPresent();
        return new HttpBatch(step, size, copy);
    }

    /** Where in a result the API's id of a created subject stands. Default: as in the answer to a single create. */
    public HttpBatch remoteIdAt(String pointer) {
        Syntax.pointer("remoteIdAt", pointer);
        Values copy = values.copy();
        copy.remoteId = result -> result.at(pointer);
        return new HttpBatch(step, size, copy);
    }

    /**
     * Where in a result our id of its subject stands, for results in another order; of a delete by the API's id, that one. Default: they
     * are in order.
     */
    public HttpBatch keyAt(String pointer) {
        Values copy = values.copy();
        copy.keyAt = Syntax.pointer("keyAt", pointer);
        return new HttpBatch(step, size, copy);
    }

    /** What is sent for one publication. Default: its document as JSON; of a delete, its id as a JSON string. */
    public HttpBatch document(Function<? super Publication<?, ?, ?>, String> document) {
        Values copy = values.copy();
        copy.document = document;
        return new HttpBatch(step, size, copy);
    }

    /** What is sent for all that was made for each. Default: a JSON array of them. */
    public HttpBatch body(Function<? super List<String>, String> body) {
        Values copy = values.copy();
        copy.body = body;
        return new HttpBatch(step, size, copy);
    }

    /** {@link #resultsAt}; null if nothing is told of single ones. */
    @Nullable
    String results() {
        return values.resultsAt;
    }

    @Nullable
    String key() {
        return values.keyAt;
    }

    @Nullable
    Function<HttpAnswer, Optional<String>> remoteId() {
        return values.remoteId;
    }

    /**
     * The body for these.
     *
     * @param otherwise what is sent for one, unless it is said
     */
    String text(
            List<? extends Publication<?, ?, ?>> publications,
            Function<? super Publication<?, ?, ?>, String> otherwise) {
        Function<? super Publication<?, ?, ?>, String> document = values.document == null ? otherwise : values.document;
        return values.body.apply(publications.stream().<String>map(document).toList());
    }

    /** The status of one result; empty if it is not told. */
    Optional<Integer> status(HttpAnswer result) {
        Optional<Integer> status = values.statusAt == null
                ? Optional.of(200)
                : result.at(values.statusAt)
                        .filter(text -> text.matches("[1-9][0-9]{2}"))
                        .map(Integer::valueOf);
        boolean refused = values.success != null && !values.success.test(result);
        return refused && status.filter(told -> told < 300).isPresent() ? Optional.of(422) : status;
    }

    @Override
    public String toString() {
        return "HttpBatch[" + step + ", at most " + size + "]";
    }
}
