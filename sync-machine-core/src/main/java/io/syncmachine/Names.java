package io.syncmachine;

import java.util.regex.Pattern;

/** The rule for declared names, which are kept in stores. */
final class Names {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,100}");

    private Names() {}

    /**
     * The name, if it keeps the rule.
     *
     * @throws IllegalArgumentException if not, beginning with what it names
     */
    static String check(String what, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    what + " must be 1 to 100 letters, digits, dots, dashes or underscores, but is '" + name + "'");
        }
        return name;
    }
}
