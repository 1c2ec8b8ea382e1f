package io.syncmachine.internal;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/** What was probably meant. */
final class Nearest {

    private Nearest() {}

    /** {@code ; did you mean 'status'?} for the unknown names that are nearly a known one; else nothing. */
    static String suggestion(Collection<String> unknown, Collection<String> known) {
        List<String> meant = new ArrayList<>();
        for (String name : new TreeSet<>(unknown)) {
            new TreeSet<>(known)
                    .stream()
                            .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
                            .filter(candidate -> distance(name, candidate) <= Math.max(2, name.length() / 3))
                            .ifPresent(candidate -> meant.add("'" + candidate + "'"));
        }
        return meant.isEmpty() ? "" : "; did you mean " + String.join(", ", meant) + "?";
    }

    /** How many letters must be added, left out or replaced to make one of the other; upper and lower case are the same. */
    private static int distance(String one, String other) {
        int[] previous = new int[other.length() + 1];
        for (int j = 0; j <= other.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int[] current = new int[other.length() + 1];
            current[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                boolean same = Character.toLowerCase(one.charAt(i - 1)) == Character.toLowerCase(other.charAt(j - 1));
                current[j] = Math.min(previous[j - 1] + (same ? 0 : 1), 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[other.length()];
    }
}
