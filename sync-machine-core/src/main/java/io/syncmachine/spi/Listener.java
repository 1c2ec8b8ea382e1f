package io.syncmachine.spi;

import io.syncmachine.ChangedProperties;
import io.syncmachine.function.CheckedBiFunction;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An entity class that a machine listens to.
 *
 * @param entity the class; its subclasses count too
 * @param properties only changes of these count; empty for all
 * @param finder from the entity to subject ids; null if the entity itself is the subject
 */
public record Listener<E, ID>(
        Class<E> entity,
        Set<String> properties,
        @Nullable CheckedBiFunction<E, ChangedProperties, ? extends Iterable<? extends ID>> finder) {

    /** Keeps a copy of the properties. */
    public Listener {
        properties = Set.copyOf(properties);
    }
}
