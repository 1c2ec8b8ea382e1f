package io.syncmachine.jpa.shop;

/** What the API holds of an order. */
public record OrderDocument(long id, String customer, String status) {}
