package io.syncmachine;

import java.util.Iterator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A stream as something to iterate over once, and to close. */
record ClosingIds<ID>(Stream<ID> stream) implements Iterable<ID>, AutoCloseable {

    static <ID> @Nullable ClosingIds<ID> of(@Nullable Stream<ID> stream) {
        return stream == null ? null : new ClosingIds<>(stream);
    }

    @Override
    public Iterator<ID> iterator() {
        return stream.iterator();
    }

    @Override
    public void close() {
        stream.close();
    }
}
