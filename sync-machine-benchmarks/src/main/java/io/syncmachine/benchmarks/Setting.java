package io.syncmachine.benchmarks;

import java.net.URI;

/**
 * How a peer is run.
 *
 * @param works whether it publishes; else changes are only noted
 * @param inFlight how many calls it may make at once
 * @param connections how many connections to the database the whole process may have
 * @param writers how many threads of the application change things
 */
record Setting(
        PeerKind kind,
        Access database,
        URI api,
        boolean works,
        int inFlight,
        int connections,
        int writers,
        Stock stock,
        int warmCustomers) {}
