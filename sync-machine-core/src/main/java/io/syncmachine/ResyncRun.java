package io.syncmachine;

import io.syncmachine.internal.ResyncOffice;
import io.syncmachine.spi.ResyncStore.Status;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * A resync that was started: how far it is, and how to stop it. What is decided here holds for all nodes and over restarts; a node that is
 * enqueuing a page takes notice after it. Safe for use by several threads.
 */
public final class ResyncRun {

    /** How often a bar is drawn. */
    private static final Duration DRAW = Duration.ofMillis(500);
    /** How often a line of figures is written. */
    private static final Duration WRITE = Duration.ofSeconds(10);

    private static final int WIDTH = 40;
    private static final int LINE = 100;

    private final ResyncOffice office;
    private final String id;

    /**
     * How far a resync is.
     *
     * @param id names it
     * @param machine the machine's name
     * @param status what becomes of it
     * @param force whether it sends also what is equal
     * @param done how many subjects were looked at. Those that still wait in the machine's queue, be it for another reason, are
     *     not counted, and so it is a little too low while there are live changes
     * @param total about how many there are; those that are gone, but known to be at the API, are found only on the way
     * @param perSecond how many were done in a second, since it began or went on; zero if that is not known
     * @param left how long it will take at this rate, and at the least under the limits of the destination if all are sent; empty if that is not known
     * @param requestedAt when it was asked for, by the clock of the node that was
     * @param endedAt when it was over, by the clock of the node that ended it; empty if it is not
     */
    public record Progress(
            String id,
            String machine,
            Status status,
            boolean force,
            long done,
            long total,
            double perSecond,
            Optional<Duration> left,
            Instant requestedAt,
            Optional<Instant> endedAt) {

        /** As a bar of text, so many characters wide, with the figures after it. */
        public String bar(int width) {
            int full = total == 0 ? (endedAt.isPresent() ? width : 0) : (int) (Math.min(done, total) * width / total);
            long percent = total == 0 ? (endedAt.isPresent() ? 100 : 0) : Math.min(done, total) * 100 / total;
            StringBuilder text = new StringBuilder("[")
                    .append("=".repeat(full))
                    .append(" ".repeat(width - full))
                    .append(String.format(Locale.ROOT, "] %3d %% %d of %d", percent, done, total));
            addRate(text);
            return text.toString();
        }

        private void addRate(StringBuilder text) {
            if (perSecond > 0) {
                text.append(String.format(Locale.ROOT, ", %.1f/s", perSecond));
            }
            left.ifPresent(
                    duration -> text.append(", ").append(duration.toSeconds()).append(" s left"));
        }

        /** In one line. */
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder()
                    .append(id)
                    .append(force ? " (force) of " : " of ")
                    .append(machine)
                    .append(": ")
                    .append(status.name().toLowerCase(Locale.ROOT))
                    .append(", ")
                    .append(done)
                    .append(" of ")
                    .append(total);
            addRate(text);
            return text.toString();
        }
    }

    private ResyncRun(ResyncOffice office, String id) {
        this.office = office;
        this.id = id;
    }

    /** Made by the engine. */
    public static ResyncRun of(ResyncOffice office, String id) {
        return new ResyncRun(office, id);
    }

    /** Names it, for all nodes. */
    public String id() {
        return id;
    }

    /**
     * How far it is now. Costs two short statements.
     *
     * @throws IllegalStateException if it was over for a month and is forgotten
     */
    public Progress progress() {
        return office.progress(id);
    }

    /**
     * Shows how far it is, until it is over: by a bar that is drawn anew twice a second, or by a line of figures every ten seconds.
     *
     * @param terminal whether to draw a bar: for a terminal, not for a file
     * @return how it ended
     * @throws InterruptedException if the thread is interrupted meanwhile; the resync goes on
     * @throws IllegalStateException if it was over for a month and is forgotten
     */
    public Progress follow(PrintStream out, boolean terminal) throws InterruptedException {
        while (true) {
            Progress progress = progress();
            boolean over = progress.status().isOver();
            if (terminal) {
                String bar = progress.bar(WIDTH);
                out.print("\r" + bar + " ".repeat(Math.max(LINE - bar.length(), 0)) + (over ? "\n" : ""));
            } else {
                out.println(progress);
            }
            out.flush();
            if (over) {
                return progress;
            }
            Thread.sleep((terminal ? DRAW : WRITE).toMillis());
        }
    }

    /**
     * Enqueues nothing more until {@link #resume}; what is enqueued, some thousands at most, is still published. Does nothing to one that is over.
     *
     * @throws IllegalStateException if it was over for a month and is forgotten
     */
    public void pause() {
        office.pause(id);
    }

    /** Ends a {@linkplain #pause pause}; does nothing if there is none. */
    public void resume() {
        office.resume(id);
    }

    /**
     * Ends it for ever: nothing more is enqueued. One that sends also what is equal has marked all documents at its beginning; the marks are
     * taken back before long, and what is enqueued and equal is not sent any more then. Does nothing to one that is over.
     *
     * @throws IllegalStateException if it was over for a month and is forgotten
     */
    public void cancel() {
        office.cancel(id);
    }
}
