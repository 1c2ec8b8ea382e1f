package io.syncmachine.examples.ordersync;

/** What the service holds of an order. */
record OrderDocument(Long id, String item, int quantity, String status) {}
