package io.syncmachine;

import io.syncmachine.event.JournalEntry;
import io.syncmachine.spi.JobExecutor.JobStatus;
import io.syncmachine.spi.PayloadStore.State;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Why a subject was sent or not, and what would be sent now. Holds documents: show it only to those who may read them.
 *
 * @param machine the machine's name
 * @param tenant whose subject
 * @param id its encoded id
 * @param closed why the machine publishes nothing here at all; empty if it does
 * @param job the job that waits, runs or is parked for it, if there is one
 * @param known what the API is known to hold; empty if the subject was never looked at
 * @param next what a run would do now
 * @param differences from the document that was acknowledged last to the one that would be sent; empty where either is unknown
 * @param timeline what became of its runs, newest first
 */
public record Explanation(
        String machine,
        String tenant,
        String id,
        Optional<String> closed,
        Optional<JobStatus> job,
        Optional<Known> known,
        Next next,
        List<Difference> differences,
        List<JournalEntry> timeline) {

    /**
     * What the API is known to hold.
     *
     * @param state whether it holds anything
     * @param inDoubt whether something may have been sent whose answer is not known
     * @param remoteId its own id of the subject
     * @param json the document, if it is kept
     * @param builderVersion of the builder that made it
     */
    public record Known(
            State state, boolean inDoubt, Optional<String> remoteId, Optional<String> json, int builderVersion) {}

    /** What a run would do. */
    public enum Action {
        /** Tell the API of a new subject. */
        CREATE,
        /** Tell the API of another document. */
        UPDATE,
        /** Delete the subject at the API. */
        DELETE,
        /** Send again a create that was not answered. */
        REPEAT_CREATE,
        /** Send nothing: the document is the one that was acknowledged last. */
        NOTHING_UNCHANGED,
        /** Send nothing: the subject may not be at the API, or is gone and not there. */
        NOTHING_NOT_PUBLISHABLE,
        /** Send nothing: a newer builder has published it. */
        NOTHING_NEWER_BUILDER,
        /** Fail. */
        FAIL
    }

    /**
     * What a run would do now, from committed data.
     *
     * @param action what
     * @param json the document that it would send or has found unchanged
     * @param failure why it would fail
     */
    public record Next(Action action, Optional<String> json, Optional<String> failure) {}

    /**
     * A place where two documents differ.
     *
     * @param path as a JSON pointer
     * @param before the JSON there before; null if there was none
     * @param after the JSON there now; null if there is none
     */
    public record Difference(
            String path, @Nullable String before, @Nullable String after) {}

    /** All of it as text. */
    @Override
    public String toString() {
        StringJoiner text = new StringJoiner("\n");
        text.add("machine " + machine + ", subject " + id + " of tenant " + tenant);
        closed.ifPresent(reason -> text.add("publishes nothing here: " + reason));
        text.add("now a run would: " + next.action()
                + next.failure().map(f -> ", " + f).orElse(""));
        differences.forEach(difference ->
                text.add("  " + difference.path() + ": " + difference.before() + " -> " + difference.after()));
        text.add(known.map(Explanation::describe).orElse("the API: nothing is known"));
        text.add(job.map(Explanation::describe).orElse("no job waits"));
        timeline.forEach(entry -> text.add("  " + entry));
        return text.toString();
    }

    private static String describe(Known known) {
        return "the API: " + known.state() + (known.inDoubt() ? ", in doubt" : "")
                + known.remoteId().map(remote -> ", its id " + remote).orElse("");
    }

    private static String describe(JobStatus job) {
        String state = job.parked() ? "is parked" : job.running() ? "runs" : "is due in " + job.dueIn();
        state = job.settling() ? "lets changes settle, " + state : state;
        return "a job " + state + " after " + job.attempts() + " attempts"
                + (job.failure() == null ? "" : ": " + job.failure());
    }
}
