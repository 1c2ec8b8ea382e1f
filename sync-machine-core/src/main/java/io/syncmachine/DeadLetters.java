package io.syncmachine;

import io.syncmachine.internal.DeadLetterOffice;
import io.syncmachine.spi.DeadLetterStore.Filter;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What was given up, and what becomes of it. All of it, or what remains after {@code ofTenant}, {@code failingWith} and {@code
 * parkedFor}, each of which answers a copy with one thing changed.
 *
 * <pre>{@code
 * engine.deadLetters(ORDER_TO_API).failingWith("HTTP 400").requeueAll(10);
 * }</pre>
 *
 * <p>Every answer is of that moment: a dead letter whose subject changes meanwhile is one no more, and what is said about it then does
 * nothing. Immutable; safe for use by several threads.
 */
public final class DeadLetters {

    private static final int PAGE = 200;
    private static final int LARGEST_PAGE = 10_000;
    private static final int FASTEST = 10_000;

    private final DeadLetterOffice office;
    private final Filter filter;

    /** Made by the engine. */
    DeadLetters(DeadLetterOffice office, Filter filter) {
        this.office = office;
        this.filter = filter;
    }

    /** Only those of one tenant. */
    public DeadLetters ofTenant(String tenant) {
        return new DeadLetters(office, filter.ofTenant(Objects.requireNonNull(tenant, "tenant")));
    }

    /**
     * Only those whose failure contains this text, with the same case.
     *
     * @throws IllegalArgumentException if it is empty
     */
    public DeadLetters failingWith(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("failingWith must be a text to be found in a failure, but is ''");
        }
        return new DeadLetters(office, filter.failingWith(text));
    }

    /**
     * Only those that were given up at least so long ago.
     *
     * @throws IllegalArgumentException if negative
     */
    public DeadLetters parkedFor(Duration atLeast) {
        if (atLeast.isNegative()) {
            throw new IllegalArgumentException("parkedFor must not be negative, but is " + atLeast);
        }
        return new DeadLetters(office, filter.parkedFor(atLeast));
    }

    /** How many there are. */
    public long count() {
        return office.count(filter);
    }

    /**
     * The first of them, in an order that does not change: by tenant, machine and id. They come without documents and histories, which
     * {@link #show} adds.
     *
     * @param size at most so many, from 1 to 10,000
     * @throws IllegalArgumentException if out of range
     */
    public List<DeadLetter> page(int size) {
        return pageAfter(null, size);
    }

    /**
     * The next of them after one.
     *
     * @param after the last one of the page before; it need not be there any more
     * @param size at most so many, from 1 to 10,000
     * @throws IllegalArgumentException if out of range
     */
    public List<DeadLetter> page(DeadLetter after, int size) {
        return pageAfter(Objects.requireNonNull(after, "after"), size);
    }

    private List<DeadLetter> pageAfter(@Nullable DeadLetter after, int size) {
        if (size < 1 || size > LARGEST_PAGE) {
            throw new IllegalArgumentException("size must be from 1 to " + LARGEST_PAGE + ", but is " + size);
        }
        return office.page(filter, after, size);
    }

    /** All of them, read page by page as the stream goes on. */
    public Stream<DeadLetter> stream() {
        return Stream.iterate(page(PAGE), page -> !page.isEmpty(), page -> page(page.get(page.size() - 1), PAGE))
                .flatMap(List::stream);
    }

    /** The same one as it is now, with its document and history; empty if it is a dead letter no more. */
    public Optional<DeadLetter> show(DeadLetter letter) {
        return office.show(letter);
    }

    /** Tries one again, at once and with all its attempts. Tells whether it was still a dead letter. */
    public boolean requeue(DeadLetter letter) {
        return office.requeue(letter);
    }

    /**
     * Tries all of them again, so many in a second, each with all its attempts. When each is due is kept by the store: this returns
     * as soon as that is written, and it holds over restarts.
     *
     * @param perSecond from 1 to 10,000
     * @return how many
     * @throws IllegalArgumentException if out of range
     */
    public long requeueAll(int perSecond) {
        if (perSecond < 1 || perSecond > FASTEST) {
            throw new IllegalArgumentException("perSecond must be from 1 to " + FASTEST + ", but is " + perSecond);
        }
        return office.requeueAll(filter, perSecond);
    }

    /**
     * Deletes one: nothing is sent until its subject changes again. Tells whether it was still a dead letter.
     */
    public boolean discard(DeadLetter letter) {
        return office.discard(letter);
    }

    /**
     * Deletes all of them.
     *
     * @return how many
     */
    public long discardAll() {
        return office.discardAll(filter);
    }

    @Override
    public String toString() {
        return "DeadLetters[" + filter + "]";
    }
}
