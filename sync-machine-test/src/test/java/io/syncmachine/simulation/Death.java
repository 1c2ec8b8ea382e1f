package io.syncmachine.simulation;

/** Unwinds what a node was doing when it died. */
final class Death extends Error {

    Death() {
        super("the node is dead", null, false, false);
    }
}
