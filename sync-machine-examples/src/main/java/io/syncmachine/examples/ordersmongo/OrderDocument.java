package io.syncmachine.examples.ordersmongo;

/** What the API holds of an order. */
public record OrderDocument(Long id, String customer, String city, String status) {}
