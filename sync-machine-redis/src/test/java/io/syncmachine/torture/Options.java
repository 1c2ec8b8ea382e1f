package io.syncmachine.torture;

import java.util.Arrays;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** The command line. */
record Options(
        int seconds, long changes, long subjects, int workers, int writers, boolean redis, boolean json, boolean help) {

    static final String HELP = """
            Usage: scripts/torture [OPTION]...

            Changes a durable PostgreSQL and publishes the changes to an API, with real processes, while workers are
            killed and stopped, connections are cut, PostgreSQL is killed and the API answers badly. Then checks that
            the API holds what the database says. docs/testing.md explains what is done and counted.

              --seconds N    over how long the changes are spread; default 300
              --changes N    how many changes of entities are committed; default 100000
              --subjects N   of how many subjects; default 20000
              --workers N    how many processes publish; default 4
              --writers N    how many threads change; default 2
              --redis        keeps jobs, leases and limits in a Redis that is killed, flushed, paused and replaced by
                             a replica that lacks the latest
              --json         the last line is a JSON object of the results
              --help         explains, and exits

            Exit code: 0 if all holds, 1 if something does not, 2 if the command line is not understood.
            """;

    /**
     * Reads them.
     *
     * @throws IllegalArgumentException if they are not understood
     */
    static Options of(String... arguments) {
        Options options = new Options(300, 100_000, 20_000, 4, 2, false, false, false);
        Iterator<String> rest = Arrays.asList(arguments).iterator();
        while (rest.hasNext()) {
            String name = rest.next();
            options = switch (name) {
                case "--redis", "--json", "--help" -> options.with(name, 1);
                case "--seconds", "--changes", "--subjects", "--workers", "--writers" ->
                    options.with(name, number(name, rest.hasNext() ? rest.next() : null));
                default ->
                    throw new IllegalArgumentException(
                            "unknown option '" + name + "'; scripts/torture --help lists them");
            };
        }
        return options;
    }

    private static int number(String name, @Nullable String value) {
        if (value == null || !value.matches("[1-9]\\d{0,8}")) {
            throw new IllegalArgumentException(
                    name + " must be a number from 1 to 999999999, but is " + (value == null ? "missing" : value));
        }
        return Integer.parseInt(value);
    }

    private Options with(String name, int value) {
        return new Options(
                name.equals("--seconds") ? value : seconds,
                name.equals("--changes") ? value : changes,
                name.equals("--subjects") ? value : subjects,
                name.equals("--workers") ? value : workers,
                name.equals("--writers") ? value : writers,
                name.equals("--redis") || redis,
                name.equals("--json") || json,
                name.equals("--help") || help);
    }
}
