package io.syncmachine.postgres;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Scripts as files that are found by Flyway and Liquibase. */
final class MigrationFile {

    private static final Pattern VERSION = Pattern.compile("[0-9]+([._][0-9]+)*");

    private MigrationFile() {}

    /** V7__sync_machine_triggers.sql; its placeholders, of which there are none, need not be replaced. */
    static Path flyway(Path folder, String version, String script) throws IOException {
        return write(folder.resolve("V" + checked(version) + "__sync_machine_triggers.sql"), script);
    }

    /** One change set, whose statements the database takes apart itself. */
    static Path liquibase(Path folder, String version, String script, String endDelimiter) throws IOException {
        String header = "--liquibase formatted sql\n\n--changeset sync-machine:triggers-" + checked(version) + " "
                + endDelimiter + "\n";
        return write(folder.resolve(version + "-sync-machine-triggers.sql"), header + script);
    }

    private static String checked(String version) {
        if (!VERSION.matcher(version).matches()) {
            throw new IllegalArgumentException(
                    "version must be numbers with dots or underscores between them, but is '" + version + "'");
        }
        return version;
    }

    private static Path write(Path file, String content) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        return Files.write(file, content.getBytes(StandardCharsets.UTF_8));
    }
}
