package io.syncmachine.simulation;

/** A planted bug. */
enum Sabotage {
    KEY_FROM_THE_FINGERPRINT_ALONE
}
