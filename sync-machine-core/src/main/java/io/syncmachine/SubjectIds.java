package io.syncmachine;

import io.syncmachine.function.CheckedBiFunction;
import io.syncmachine.function.CheckedFunction;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * For functions from a changed entity to subject ids that do not answer a collection: one id, or a stream.
 *
 * <pre>{@code
 * .listenTo(OrderLine.class, SubjectIds.one(OrderLine::orderId))
 * .listenTo(Customer.class, SubjectIds.stream(Customer::streamOfOrderIds))
 * }</pre>
 */
public final class SubjectIds {

    private SubjectIds() {}

    /** A function that answers one id, or null for none. */
    public static <E, ID> CheckedFunction<E, Iterable<ID>> one(CheckedFunction<? super E, ? extends ID> function) {
        return entity -> listOf(function.apply(entity));
    }

    /** The same, also given what changed. */
    public static <E, ID> CheckedBiFunction<E, ChangedProperties, Iterable<ID>> one(
            CheckedBiFunction<? super E, ? super ChangedProperties, ? extends ID> function) {
        return (entity, changed) -> listOf(function.apply(entity, changed));
    }

    /** A function that answers a stream, or null for none. It is read in pages, never gathered as a whole, and closed. */
    public static <E, ID> CheckedFunction<E, Iterable<ID>> stream(
            CheckedFunction<? super E, ? extends Stream<ID>> function) {
        return entity -> ClosingIds.of(function.apply(entity));
    }

    /** The same, also given what changed. */
    public static <E, ID> CheckedBiFunction<E, ChangedProperties, Iterable<ID>> stream(
            CheckedBiFunction<? super E, ? super ChangedProperties, ? extends Stream<ID>> function) {
        return (entity, changed) -> ClosingIds.of(function.apply(entity, changed));
    }

    private static <ID> @Nullable List<ID> listOf(@Nullable ID id) {
        return id == null ? null : List.of(id);
    }
}
