package io.syncmachine.examples.orders;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.examples.support.Outcomes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A {@link Worker} in a JVM of its own, seen from the process that started it. For one thread. */
final class WorkerProcess implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;
    private static final String ENDED = "ended";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final PrintStream commands;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final Outcomes outcomes;
    private final Thread reader;

    /**
     * Starts one, which works at once.
     *
     * @param outcomes told of what it does
     */
    static WorkerProcess start(Worker.Settings settings, Outcomes outcomes) throws IOException, InterruptedException {
        WorkerProcess worker = new WorkerProcess(outcomes);
        worker.commands.println(JSON.writeValueAsString(settings));
        try {
            worker.resume();
        } catch (IOException e) {
            worker.kill();
            throw e;
        }
        return worker;
    }

    private WorkerProcess(Outcomes outcomes) throws IOException {
        this.outcomes = outcomes;
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        process = new ProcessBuilder(
                        java, "-Xmx384m", "-cp", System.getProperty("java.class.path"), Worker.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        reader = new Thread(this::read, "worker-output");
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = lines.readLine()) != null) {
                if (line.startsWith("{")) {
                    JSON.readValue(line, new TypeReference<Map<Result, Long>>() {})
                            .forEach(outcomes::add);
                } else {
                    answers.add(line);
                }
            }
        } catch (IOException e) {
            // A killed process may leave half a line.
        } finally {
            answers.add(ENDED);
        }
    }

    /** Lets it work. */
    void resume() throws IOException, InterruptedException {
        tell("resume", Worker.RESUMED);
    }

    /** Lets it rest; returns when it has finished what it was at. */
    void pause() throws IOException, InterruptedException {
        tell("pause", Worker.PAUSED);
    }

    private void tell(String command, String expected) throws IOException, InterruptedException {
        commands.println(command);
        String answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (!expected.equals(answer)) {
            throw new IOException("the worker was told '" + command + "' and answered "
                    + (answer == null ? "nothing" : "'" + answer + "'"));
        }
    }

    /** Ends it as {@code kill -9} does: it cannot do anything about it. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
        commands.close();
        reader.join();
    }

    /** Ends it in peace, if it is alive and can. */
    @Override
    public void close() throws InterruptedException {
        commands.println("quit");
        commands.close();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            kill();
        }
        reader.join();
    }
}
