package io.syncmachine.exhaustive;

import java.lang.reflect.Method;
import java.util.List;

/** What a run waits for. */
sealed interface Request {

    /** A call of a port of the store. */
    record Ask(Port port, Method method, List<Object> arguments, boolean acknowledging) implements Request {
        boolean is(String name) {
            return method.getName().equals(name);
        }
    }

    /** Of committed data. */
    record Read(List<?> ids) implements Request {}

    /** A call of the API, with so much time left; a value of zero is a delete. */
    record Publish(int subject, int value, int left) implements Request {}

    /** A look at the clock. */
    record Look() implements Request {}

    /** Nothing: it is over. */
    record End() implements Request {}

    /** Whose method is called. */
    enum Port {
        JOBS,
        PAYLOADS,
        LEASES
    }

    /** How a publication ended. */
    enum Ending {
        ACCEPTED,
        /** With a failure that tells nothing. */
        LOST,
        /** Not before the deadline. */
        EXPIRED,
        /** It was not applied; it may be tried again. */
        REFUSED,
        /** It was not applied, and never will be. */
        REJECTED
    }
}
