package io.syncmachine.benchmarks;

import java.net.URI;

/**
 * How a peer is run.
 *
 * @param works whether it publishes; else changes are only noted
 * @param inFlight how many calls it may make at once
 * @param connections how many connections to the database the whole process may have
 * @param quietSeconds how long there must be no change of a document before it is published, where the peer knows that; zero if it is
 *     published at once
 * @param joins whether the application runs in another process already; this one only works
 * @param writers how many threads of the application change things
 */
record Setting(
        PeerKind kind,
        Access database,
        URI api,
        boolean works,
        int inFlight,
        int connections,
        int quietSeconds,
        boolean joins,
        int writers,
        Stock stock,
        int warmCustomers) {}
