package io.syncmachine.torture;

import java.io.IOException;

/** Signals that {@link Process} does not know. */
enum Signal {
    /** Stops a process where it is. */
    STOP,
    /** Lets a stopped process go on. */
    CONT;

    void send(ProcessHandle process) throws IOException, InterruptedException {
        // The shell's own kill: not every system has a program of that name.
        Process shell = new ProcessBuilder("sh", "-c", "kill -" + name() + " " + process.pid())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        int exit = shell.waitFor();
        if (exit != 0) {
            throw new IOException("process " + process.pid() + " could not be sent the signal " + name());
        }
    }
}
