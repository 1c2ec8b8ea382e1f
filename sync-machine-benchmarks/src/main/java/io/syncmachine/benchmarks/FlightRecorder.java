package io.syncmachine.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.text.ParseException;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;

/** Records what this process does. */
final class FlightRecorder {

    private @Nullable Recording recording;

    void start() {
        try {
            recording = new Recording(Configuration.getConfiguration("profile"));
            recording.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ParseException e) {
            throw new IllegalStateException(e);
        }
    }

    void stop(String file) {
        if (recording == null) {
            throw new IllegalStateException("nothing is being recorded");
        }
        try (Recording ending = recording) {
            ending.stop();
            ending.dump(Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        recording = null;
    }
}
