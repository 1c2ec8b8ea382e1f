package io.syncmachine.internal;

import io.syncmachine.Destination;
import io.syncmachine.PublicationKind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a destination is sent by one call each. */
public final class Batches {

    private static final Logger log = LoggerFactory.getLogger(Batches.class);

    private Batches() {}

    /**
     * What a destination wants to know of a publication before it is made.
     *
     * @param inDoubt see {@link io.syncmachine.Publication#isInDoubt()}
     */
    public record Sort(PublicationKind kind, boolean inDoubt) {}

    /** Parts publications as {@link Destination#batchOf} and {@link Destination#batchSize} say; in order, as far as that goes. */
    public static <T> Deque<List<T>> of(
            Destination<?, ?, ?> destination, List<T> publications, Function<T, Sort> sort) {
        int size = Math.max(destination.batchSize(), 1);
        Deque<List<T>> parts = new ArrayDeque<>();
        Map<Object, List<T>> open = new HashMap<>();
        for (T publication : publications) {
            Object batch = publications.size() == 1 || size == 1 ? null : batch(destination, sort.apply(publication));
            List<T> part = batch == null ? null : open.get(batch);
            if (part == null || part.size() == size) {
                part = new ArrayList<>();
                parts.add(part);
            }
            if (batch != null) {
                open.put(batch, part);
            }
            part.add(publication);
        }
        return parts;
    }

    private static @Nullable Object batch(Destination<?, ?, ?> destination, Sort sort) {
        try {
            return destination.batchOf(sort.kind(), sort.inDoubt());
        } catch (RuntimeException e) {
            log.warn("batchOf of destination '{}' failed: what it was asked of goes alone", destination.name(), e);
            return null;
        }
    }
}
