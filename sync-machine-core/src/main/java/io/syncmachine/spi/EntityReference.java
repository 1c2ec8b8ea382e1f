package io.syncmachine.spi;

/**
 * Which entity is meant.
 *
 * @param tenant whose it is
 * @param type its declared name
 * @param id its encoded id
 */
public record EntityReference(String tenant, String type, String id) {}
