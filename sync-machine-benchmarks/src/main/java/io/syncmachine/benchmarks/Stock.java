package io.syncmachine.benchmarks;

import java.util.List;
import java.util.stream.LongStream;

/**
 * Which customers and orders a work is done on: customers with the same number of orders each, and one with many, the last.
 *
 * @param ordersEach how many orders a customer has
 * @param ordersOfOne how many orders the last customer has
 */
record Stock(long firstCustomer, int customers, int ordersEach, int ordersOfOne, long firstOrder) {

    /** What is measured. */
    static Stock measured(int customers, int ordersEach, int ordersOfOne) {
        return new Stock(1, customers, ordersEach, ordersOfOne, 1);
    }

    /** Others, on which a peer gets warm before. */
    Stock warm(int warmCustomers) {
        return new Stock(1_000_001, warmCustomers, ordersEach, warmCustomers * ordersEach, 100_000_001);
    }

    long bigCustomer() {
        return firstCustomer + customers;
    }

    int orders() {
        return customers * ordersEach + ordersOfOne;
    }

    /** The orders of customers with few. */
    int fewOrders() {
        return customers * ordersEach;
    }

    long customerOf(long order) {
        long index = order - firstOrder;
        return index < fewOrders() ? firstCustomer + index / ordersEach : bigCustomer();
    }

    List<Long> customerIds() {
        return LongStream.range(firstCustomer, firstCustomer + customers)
                .boxed()
                .toList();
    }

    List<Long> orderIds() {
        return LongStream.range(firstOrder, firstOrder + orders()).boxed().toList();
    }

    List<Long> fewOrderIds() {
        return LongStream.range(firstOrder, firstOrder + fewOrders()).boxed().toList();
    }
}
