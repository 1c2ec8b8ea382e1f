package io.syncmachine.jdbc;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The first two numbers of a database's version. */
record Version(int major, int minor) implements Comparable<Version> {

    /** MariaDB may say 5.5.5 before what it really is. */
    private static final Pattern FORM = Pattern.compile("(?:5\\.5\\.5-)?(\\d+)(?:\\.(\\d+))?.*", Pattern.DOTALL);

    /**
     * Reads what a driver calls the database's version.
     *
     * @throws IllegalStateException if it does not begin with a number
     */
    static Version of(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalStateException("'" + text + "' is no version of a database");
        }
        String minor = matcher.group(2);
        return new Version(Integer.parseInt(matcher.group(1)), minor == null ? 0 : Integer.parseInt(minor));
    }

    @Override
    public int compareTo(Version other) {
        return Comparator.comparingInt(Version::major)
                .thenComparingInt(Version::minor)
                .compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
