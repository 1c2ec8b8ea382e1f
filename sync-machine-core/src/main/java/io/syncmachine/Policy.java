package io.syncmachine;

import io.syncmachine.spi.Settle;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How a machine publishes: retries, time limits, concurrency, whether changes come to rest before, what becomes of subjects that are no longer publishable, what is kept
 * of documents, and the version of the builder. Immutable; each method answers a copy with one thing changed.
 */
public final class Policy {

    /** What becomes of a published subject that is no longer publishable. */
    public enum Unpublishable {
        /** The API keeps what it has; nothing is sent until the subject is publishable again or deleted. */
        KEEP,
        /** It is deleted there, as if the subject were gone. */
        DELETE
    }

    /** What is kept of an acknowledged document. */
    public enum KeptPayload {
        /** The document, and its fingerprint. */
        DOCUMENT,
        /**
         * The fingerprint alone, which is enough to send nothing twice. {@link Publication#previous()} and the last document in a
         * delete are empty then, and {@link SyncEngine#explain} cannot tell the difference to what was sent. A create that must be
         * repeatable ({@code remoteIdsFromApi}) keeps its document until it is answered.
         */
        FINGERPRINT_ONLY
    }

    private static final Policy DEFAULTS = new Policy(new Values());

    private final Values values;

    /** What is said; copied before it is changed. */
    private static final class Values {
        Backoff retry = Backoff.defaults();
        Duration deadline = Duration.ofSeconds(10);
        int inFlight = 32;
        Unpublishable unpublishable = Unpublishable.KEEP;
        KeptPayload keptPayload = KeptPayload.DOCUMENT;
        int builderVersion;
        VersionRise versionRise = VersionRise.publishAll();
        Limits limits = Limits.none();

        @Nullable
        Settle settle;

        Function<? super Throwable, FailureKind> classifier = failure -> FailureKind.unknown();

        Values copy() {
            Values copy = new Values();
            copy.retry = retry;
            copy.deadline = deadline;
            copy.inFlight = inFlight;
            copy.unpublishable = unpublishable;
            copy.keptPayload = keptPayload;
            copy.builderVersion = builderVersion;
            copy.versionRise = versionRise;
            copy.limits = limits;
            copy.settle = settle;
            copy.classifier = classifier;
            return copy;
        }
    }

    private Policy(Values values) {
        this.values = values;
    }

    /**
     * Default backoff, a deadline of 10 seconds, 32 publications in flight, unpublishable subjects and documents are kept, builder
     * version 0.
     */
    public static Policy defaults() {
        return DEFAULTS;
    }

    /** What follows a failure; default {@link Backoff#defaults()}. */
    public Policy retry(Backoff retry) {
        Values copy = values.copy();
        copy.retry = retry;
        return new Policy(copy);
    }

    /**
     * What the failures of an API's client mean, so that hooks need not translate them; default that nothing is known of any. Not asked
     * about the library's own exceptions, which say it themselves. Where it throws or answers null, nothing is known.
     *
     * <pre>{@code
     * .classify(failure -> failure instanceof HttpException http && http.status() == 422
     *         ? FailureKind.rejected()
     *         : FailureKind.unknown())
     * }</pre>
     *
     * @param classifier quick, and safe for use by several threads
     */
    public Policy classify(Function<? super Throwable, FailureKind> classifier) {
        Values copy = values.copy();
        copy.classifier = classifier;
        return new Policy(copy);
    }

    /**
     * How long one publication may take; default 10 seconds. Choose it just above your client's own timeout: a call that fails
     * with an unknown result is not repeated before its deadline, and one that is not back by then is interrupted and counts
     * as in doubt. At most half of the engine's lease, less the grace time.
     *
     * @throws IllegalArgumentException if not above zero
     */
    public Policy deadline(Duration deadline) {
        if (deadline.isZero() || deadline.isNegative()) {
            throw new IllegalArgumentException("deadline must be above zero, but is " + deadline);
        }
        Values copy = values.copy();
        copy.deadline = deadline;
        return new Policy(copy);
    }

    /**
     * How many publications of the machine may be in flight at once on one node, from 1 to 10,000; default 32. Of one subject
     * there is never more than one.
     *
     * @throws IllegalArgumentException if out of range
     */
    public Policy inFlight(int inFlight) {
        if (inFlight < 1 || inFlight > 10_000) {
            throw new IllegalArgumentException("inFlight must be from 1 to 10000, but is " + inFlight);
        }
        Values copy = values.copy();
        copy.inFlight = inFlight;
        return new Policy(copy);
    }

    /**
     * How much the destination may be called, by all nodes together; default {@link Limits#none()}. Machines that send to the same
     * destination share its limits, and say the same ones.
     */
    public Policy limits(Limits limits) {
        Values copy = values.copy();
        copy.limits = limits;
        return new Policy(copy);
    }

    /**
     * Lets changes come to rest, so that a burst of them is one publication; default is to publish at once. A subject is published when
     * none of its changes was seen for the quiet period, and at the latest when the longest wait has passed since the first one that
     * is not published yet, however many follow. Every publication is later by the quiet period at least: choose it just above the time between the
     * changes of a burst.
     *
     * <p>It holds for changes, captured or told by {@link Events}. What is done again does not wait: a retry, a call in doubt, a requeued dead
     * letter, a subject of an older builder's version. Times are the store's.
     *
     * @param quiet above zero
     * @param longest from the quiet period to a day
     * @throws IllegalArgumentException if one is out of range
     */
    public Policy settle(Duration quiet, Duration longest) {
        Values copy = values.copy();
        copy.settle = new Settle(quiet, longest);
        return new Policy(copy);
    }

    /** What becomes of a published subject that is no longer publishable; default {@link Unpublishable#KEEP}. */
    public Policy unpublishable(Unpublishable unpublishable) {
        Values copy = values.copy();
        copy.unpublishable = unpublishable;
        return new Policy(copy);
    }

    /** What is kept of an acknowledged document; default {@link KeptPayload#DOCUMENT}. */
    public Policy keepPayload(KeptPayload keptPayload) {
        Values copy = values.copy();
        copy.keptPayload = keptPayload;
        return new Policy(copy);
    }

    /**
     * The version of what <em>build</em> makes; default 0. Raise it when the documents of unchanged subjects change. Where nodes of
     * two versions run at the same time, those of the lower one publish nothing of this machine. It never falls: whoever goes back to
     * an older builder gives that a higher version.
     *
     * @throws IllegalArgumentException if negative
     */
    public Policy builderVersion(int builderVersion) {
        if (builderVersion < 0) {
            throw new IllegalArgumentException("builderVersion must not be negative, but is " + builderVersion);
        }
        Values copy = values.copy();
        copy.builderVersion = builderVersion;
        return new Policy(copy);
    }

    /** What becomes of what was published before the builder's version rose; default {@link VersionRise#publishAll()}. */
    public Policy onVersionRise(VersionRise versionRise) {
        Values copy = values.copy();
        copy.versionRise = versionRise;
        return new Policy(copy);
    }

    /** See {@link #retry(Backoff)}. */
    public Backoff retry() {
        return values.retry;
    }

    /** See {@link #classify(Function)}. */
    public Function<? super Throwable, FailureKind> classifier() {
        return values.classifier;
    }

    /** See {@link #deadline(Duration)}. */
    public Duration deadline() {
        return values.deadline;
    }

    /** See {@link #inFlight(int)}. */
    public int inFlight() {
        return values.inFlight;
    }

    /** See {@link #limits(Limits)}. */
    public Limits limits() {
        return values.limits;
    }

    /** See {@link #settle(Duration, Duration)}; empty if changes are published at once. */
    public Optional<Settle> settle() {
        return Optional.ofNullable(values.settle);
    }

    /** See {@link #unpublishable(Unpublishable)}. */
    public Unpublishable unpublishable() {
        return values.unpublishable;
    }

    /** See {@link #keepPayload(KeptPayload)}. */
    public KeptPayload keptPayload() {
        return values.keptPayload;
    }

    /** See {@link #builderVersion(int)}. */
    public int builderVersion() {
        return values.builderVersion;
    }

    /** See {@link #onVersionRise(VersionRise)}. */
    public VersionRise versionRise() {
        return values.versionRise;
    }

    @Override
    public String toString() {
        return "Policy[retry=" + retry() + ", deadline=" + deadline() + ", inFlight=" + inFlight() + ", limits="
                + limits() + ", settle=" + values.settle + ", unpublishable="
                + unpublishable() + ", keptPayload=" + keptPayload() + ", builderVersion=" + builderVersion()
                + ", versionRise=" + versionRise() + "]";
    }
}
