package io.syncmachine.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A peer and the application around it in a process of their own. It reads lines of JSON, first its {@link Setting}, then each a {@link
 * Command}, and answers each with a line; the end of the input ends it.
 */
final class PeerProcess {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** What it is told; the names are those of {@link PeerControl}'s methods. The order that is to be changed stands for the seed. */
    record Command(
            String name,
            @Nullable Work work,
            boolean warmUp,
            long seed,
            int perTransaction,
            int turns,
            int transactions,
            @Nullable String file) {

        static Command of(String name) {
            return new Command(name, null, false, 0, 0, 0, 0, null);
        }
    }

    private PeerProcess() {}

    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // what anyone else prints must not look like an answer
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String first = in.readLine();
        if (first == null) {
            return;
        }
        try (PeerControl peer = PeerSession.open(JSON.readValue(first, Setting.class))) {
            out.println("true");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(JSON.writeValueAsString(obey(peer, JSON.readValue(line, Command.class))));
            }
        }
    }

    private static Object obey(PeerControl peer, Command command) {
        return switch (command.name()) {
            case "run" -> {
                if (command.work() == null) {
                    throw new IllegalArgumentException("which work?");
                }
                yield peer.run(command.work(), command.warmUp(), command.seed());
            }
            case "capture" -> peer.capture(command.perTransaction(), command.turns(), command.transactions());
            case "change" -> peer.change(command.seed());
            case "startMillis" -> peer.startMillis();
            case "isIdle" -> peer.isIdle();
            case "used" -> peer.used();
            case "startRecording" -> {
                peer.startRecording();
                yield true;
            }
            case "stopRecording" -> {
                peer.stopRecording(Objects.requireNonNull(command.file()));
                yield true;
            }
            default -> throw new IllegalArgumentException("unknown command: " + command.name());
        };
    }
}
