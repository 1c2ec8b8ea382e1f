package io.syncmachine.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link PeerProcess}, seen from the process that started it. For one thread. */
final class PeerJvm implements PeerControl {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private final PrintStream commands;
    private final BufferedReader answers;

    /**
     * Starts one.
     *
     * @param options of the JVM
     */
    PeerJvm(Setting setting, List<String> options) {
        List<String> line = new ArrayList<>(List.of(java()));
        line.addAll(options);
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), PeerProcess.class.getName()));
        try {
            process = new ProcessBuilder(line)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        ask(setting, Boolean.class);
    }

    /** The JVM that this process runs on. */
    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private <T> T ask(Object question, Class<T> answer) {
        try {
            commands.println(JSON.writeValueAsString(question));
            String line = answers.readLine();
            if (line == null) {
                throw new IOException("the process of a peer has ended; what it says is above");
            }
            return JSON.readValue(line, answer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Done run(Work work, boolean warmUp, long seed) {
        return ask(new PeerProcess.Command("run", work, warmUp, seed, 0, 0, 0, null), Done.class);
    }

    @Override
    public long change(long order) {
        return ask(new PeerProcess.Command("change", null, false, order, 0, 0, 0, null), Long.class);
    }

    @Override
    public double startMillis() {
        return ask(PeerProcess.Command.of("startMillis"), Double.class);
    }

    @Override
    public Captured capture(int perTransaction, int turns, int transactions) {
        return ask(
                new PeerProcess.Command("capture", null, false, 0, perTransaction, turns, transactions, null),
                Captured.class);
    }

    @Override
    public boolean isIdle() {
        return ask(PeerProcess.Command.of("isIdle"), Boolean.class);
    }

    @Override
    public Used used() {
        return ask(PeerProcess.Command.of("used"), Used.class);
    }

    @Override
    public void startRecording() {
        ask(PeerProcess.Command.of("startRecording"), Boolean.class);
    }

    @Override
    public void stopRecording(String file) {
        ask(new PeerProcess.Command("stopRecording", null, false, 0, 0, 0, 0, file), Boolean.class);
    }

    /** Ends it at once, whatever it does. */
    void kill() {
        process.destroyForcibly();
    }

    @Override
    public void close() {
        commands.close();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
