package io.syncmachine.spi;

import java.util.Set;

/**
 * What an entity source knows of an entity class.
 *
 * @param type the class
 * @param name its own declared name
 * @param names the declared names of the class and of all its mapped subclasses, by which their changes are captured
 * @param properties the names of its properties, those of mapped subclasses included
 * @param idType the class of its id
 * @param ids turns its ids into text
 */
public record EntityDescription<E, ID>(
        Class<E> type, String name, Set<String> names, Set<String> properties, Class<ID> idType, IdCodec<ID> ids) {}
