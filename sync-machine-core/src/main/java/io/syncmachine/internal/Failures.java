package io.syncmachine.internal;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** Failures as text for people. */
final class Failures {

    private static final int LONGEST = 500;
    private static final int MOST_CAUSES = 5;

    private Failures() {}

    /**
     * The exception's class and message and the classes of its causes, cut. Their messages and traces are left out, for they may
     * quote what was sent.
     */
    static String describe(Throwable failure) {
        String causes = causes(failure);
        String text = failure.getClass().getSimpleName() + ": " + message(failure);
        return cut(text, LONGEST - causes.length()) + causes;
    }

    private static String causes(Throwable failure) {
        Set<Throwable> chain = Collections.newSetFromMap(new IdentityHashMap<>());
        chain.add(failure);
        StringJoiner names = new StringJoiner(", ", " (caused by ", ")").setEmptyValue("");
        Throwable cause = cause(failure);
        while (cause != null && chain.size() <= MOST_CAUSES && chain.add(cause)) {
            names.add(cut(cause.getClass().getSimpleName(), LONGEST / 10));
            cause = cause(cause);
        }
        return names.toString();
    }

    private static @Nullable Throwable cause(Throwable failure) {
        try {
            return failure.getCause();
        } catch (RuntimeException e) {
            return null;
        }
    }

    /** A text that is not too long to be kept. */
    static String cut(String text) {
        return cut(text, LONGEST);
    }

    private static String cut(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest - 1) + '…';
    }

    /** The message of an exception that may be of the application's own making. */
    private static String message(Throwable failure) {
        try {
            return String.valueOf(failure.getMessage());
        } catch (RuntimeException e) {
            return "its message cannot be read: " + e.getClass().getSimpleName();
        }
    }

    /** What made a stage fail. */
    static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause != null && (failure instanceof CompletionException || failure instanceof ExecutionException)
                ? unwrapped(cause)
                : failure;
    }
}
