package io.syncmachine.torture;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a worker is started: with an archive of its classes, which halves what a start costs. As workers are killed every two seconds, they
 * would hardly do anything else.
 */
final class WorkerJvm {

    private static final long PATIENCE_SECONDS = 60;

    private final List<String> options = new ArrayList<>();
    private final List<String> main;
    private final Path log;

    /**
     * Makes the archive, by a first worker that ends at once.
     *
     * @param directory where
     * @param database the database's URL
     * @param api the API's URL
     * @param redis a Redis's port, if there is one
     * @param log where all output of workers goes
     */
    WorkerJvm(Path directory, String database, String api, @Nullable Integer redis, Path log)
            throws IOException, InterruptedException {
        this.log = log;
        options.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        options.addAll(List.of("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        options.add("-D" + Torture.LOGBACK + "=" + System.getProperty(Torture.LOGBACK));
        options.add("-D" + Torture.LOG + "=" + log);
        if (redis != null) {
            options.add("-D" + Worker.REDIS + "=" + redis);
        }
        main = List.of("-cp", jars(directory), Worker.class.getName(), database, api);

        Path archive = directory.resolve("classes.jsa");
        Process first = start("-XX:ArchiveClassesAtExit=" + archive);
        first.getOutputStream().close();
        if (!first.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || first.exitValue() != 0) {
            first.destroyForcibly();
            throw new IllegalStateException("the first worker does not start and end; it tells why in " + log);
        }
        if (Files.exists(archive)) {
            options.add("-XX:SharedArchiveFile=" + archive);
        }
    }

    /** The class path with jars for its folders, for a folder's classes are not archived. */
    private static String jars(Path directory) throws IOException {
        List<String> entries = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path path = Path.of(entry);
            if (Files.isDirectory(path)) {
                Path jar = directory.resolve("classes-" + entries.size() + ".jar");
                pack(path, jar);
                entries.add(jar.toString());
            } else {
                entries.add(entry);
            }
        }
        return String.join(File.pathSeparator, entries);
    }

    private static void pack(Path directory, Path jar) throws IOException {
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file);
                Stream<Path> walk = Files.walk(directory)) {
            for (Path path : (Iterable<Path>) walk.filter(Files::isRegularFile)::iterator) {
                String name = directory.relativize(path).toString().replace(File.separatorChar, '/');
                out.putNextEntry(new JarEntry(name));
                Files.copy(path, out);
            }
        }
    }

    /** Starts one. */
    Process start(String... moreOptions) throws IOException {
        List<String> command = new ArrayList<>(options);
        command.addAll(List.of(moreOptions));
        command.addAll(main);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }
}
