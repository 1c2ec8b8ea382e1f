package io.syncmachine.internal;

/** Failures as text for people. */
final class Failures {

    private static final int LONGEST = 500;

    private Failures() {}

    /** The exception's class and message, cut; causes and traces are left out, for they may quote what was sent. */
    static String describe(Throwable failure) {
        String text = failure.getClass().getSimpleName() + ": " + message(failure);
        return cut(text);
    }

    /** A text that is not too long to be kept. */
    static String cut(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 1) + '…';
    }

    /** The message of an exception that may be of the application's own making. */
    private static String message(Throwable failure) {
        try {
            return String.valueOf(failure.getMessage());
        } catch (RuntimeException e) {
            return "its message cannot be read: " + e.getClass().getSimpleName();
        }
    }
}
