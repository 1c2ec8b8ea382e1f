package io.syncmachine.benchmarks;

/**
 * What the API holds of an order. All peers send it with the same content.
 *
 * @param version grows with every state that was committed: by it the API tells what is stale
 */
record OrderDocument(long id, String customer, String status, int version) {

    static OrderDocument of(Order order) {
        Customer customer = order.getCustomer();
        return new OrderDocument(
                order.getId(), customer.getFullName(), order.getStatus(), order.getRevision() + customer.getRevision());
    }
}
