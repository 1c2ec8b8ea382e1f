package io.syncmachine.spi;

/**
 * Which entity is meant.
 *
 * @param type its declared name
 * @param id its encoded id
 */
public record EntityReference(String type, String id) {}
