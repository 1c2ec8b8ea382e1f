package io.syncmachine.spi;

/**
 * A subject of a machine.
 *
 * @param tenant whose subject it is
 * @param machine the machine's name
 * @param id the encoded subject id
 */
public record SubjectKey(String tenant, String machine, String id) {}
