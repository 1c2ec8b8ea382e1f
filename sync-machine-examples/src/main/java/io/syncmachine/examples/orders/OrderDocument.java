package io.syncmachine.examples.orders;

/** What the API holds of an order. */
public record OrderDocument(Long id, String customer, String status) {}
