package io.syncmachine.internal;

import java.util.Set;

/** Something that changes are captured for: a machine, or a handler. */
interface Interest {

    /** For people to read. */
    String name();

    /** By which its changes and jobs are stored. */
    String storedName();

    /** The declared names of the types that it listens to. */
    Set<String> types();

    /** Whether an update of these properties of a type that it listens to concerns it. */
    boolean concerns(String type, Iterable<String> properties);
}
