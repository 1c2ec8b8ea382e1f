package io.syncmachine.internal;

import io.syncmachine.ChangeHandler;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntitySource;
import java.util.Set;

/** A handler, checked against and bound to the entities of a source. */
record Handler<E>(ChangeHandler<E> definition, EntityDescription<E, ?> entity) implements Interest {

    /**
     * Checks and binds.
     *
     * @throws IllegalArgumentException if the definition does not fit the entities, naming handler, property and cure
     */
    static <E> Handler<E> of(ChangeHandler<E> definition, EntitySource source) {
        String who = "handler '" + definition.name() + "'";
        EntityDescription<E, ?> entity = Machine.describe(who, source, definition.entity());
        Machine.checkProperties(who, definition.properties(), entity);
        return new Handler<>(definition, entity);
    }

    @Override
    public String name() {
        return definition.name();
    }

    @Override
    public String storedName() {
        return definition.name();
    }

    @Override
    public Set<String> types() {
        return entity.names();
    }

    @Override
    public boolean concerns(String type, Iterable<String> properties) {
        return Machine.concerns(definition.properties(), properties);
    }
}
