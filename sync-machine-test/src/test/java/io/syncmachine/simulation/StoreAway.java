package io.syncmachine.simulation;

/** A store that cannot be reached, or whose answer is lost. */
final class StoreAway extends RuntimeException {

    StoreAway(String message) {
        super(message, null, false, false);
    }
}
