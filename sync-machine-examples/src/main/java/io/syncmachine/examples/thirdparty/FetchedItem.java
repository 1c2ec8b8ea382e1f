package io.syncmachine.examples.thirdparty;

/** A record as the third party tells it. */
record FetchedItem(long id, String region, String name, int cents) {}
