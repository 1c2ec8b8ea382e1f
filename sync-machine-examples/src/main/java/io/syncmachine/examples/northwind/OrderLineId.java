package io.syncmachine.examples.northwind;

import jakarta.persistence.Embeddable;

/** An order has at most one line of each product. */
@Embeddable
public record OrderLineId(Short orderId, Short productId) {}
