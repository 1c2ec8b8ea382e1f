package io.syncmachine.examples.ordersmongo;

/** Where a customer lives; embedded in her document. */
public record Address(String street, String city) {}
