package io.syncmachine.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What Linux tells of the machine and this process; null elsewhere. */
final class Proc {

    private static final double TICKS_PER_SECOND = 100;

    private static final int IDLE = 4;
    private static final int WAITING_FOR_DISK = 5;

    /** Guests' time is contained in that of users. */
    private static final int COLUMNS = 9;

    private Proc() {}

    /** How long the machine's processors have been busy since it started, all together and for whatever process. */
    static @Nullable Double busySeconds() {
        for (String line : lines("/proc/stat")) {
            if (line.startsWith("cpu ")) {
                String[] columns = line.split(" +", -1);
                double ticks = 0;
                for (int i = 1; i < COLUMNS && i < columns.length; i++) {
                    ticks += i == IDLE || i == WAITING_FOR_DISK ? 0 : Long.parseLong(columns[i]);
                }
                return ticks / TICKS_PER_SECOND;
            }
        }
        return null;
    }

    /** The most memory that this process has had. */
    static @Nullable Double residentMegabytes() {
        for (String line : lines("/proc/self/status")) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024 / 1e6;
            }
        }
        return null;
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            return List.of(); // not Linux
        }
    }
}
