package io.syncmachine.examples.thirdparty;

/** What the north holds of an item. */
record NorthDocument(Long id, String name, int cents) {}
