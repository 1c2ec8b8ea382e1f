package io.syncmachine.benchmarks;

import java.util.Locale;

/** What the application does while a peer is measured. */
enum Work {
    /** All orders are created, a hundred in a transaction. */
    CREATE,
    /** Each order of the customers with few gets five new statuses, shuffled, one transaction each. */
    BURST,
    /** All customers with few orders are renamed, one transaction each. */
    FAN_OUT_MANY,
    /** The customer with many orders is renamed. */
    FAN_OUT_ONE,
    /** Each order of the customers with few gets another warehouse code, one transaction each. */
    IRRELEVANT;

    /** How many documents have to be sent, at least. */
    int needed(Stock stock) {
        return switch (this) {
            case CREATE -> stock.orders();
            case BURST, FAN_OUT_MANY -> stock.fewOrders();
            case FAN_OUT_ONE -> stock.ordersOfOne();
            case IRRELEVANT -> 0;
        };
    }

    /** As it is written in tables. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
