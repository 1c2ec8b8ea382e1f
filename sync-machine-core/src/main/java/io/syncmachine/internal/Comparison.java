package io.syncmachine.internal;

import io.syncmachine.Policy;
import io.syncmachine.PublicationKind;
import io.syncmachine.event.Hook;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.function.CheckedPredicate;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.PayloadStore.PendingIntent;
import io.syncmachine.spi.PayloadStore.State;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What is to be done about a subject: compares what it is with what the API is known to hold. Changes nothing. */
final class Comparison<S, ID, D> {

    /** Marks the fingerprint of a document that counts as acknowledged, but was never sent. */
    private static final String ASSUMED = "~";

    private final Machine<S, ID, D> machine;
    private final Hooks hooks;
    private final Settings settings;

    /** What is to be done. */
    sealed interface Decision<S, D> {

        /**
         * Nothing.
         *
         * @param fingerprint of what was built; null if nothing was
         */
        record Nothing<S, D>(Result result, @Nullable String fingerprint) implements Decision<S, D> {}

        /**
         * To be sent.
         *
         * @param document null in a delete
         * @param json the document in canonical form; null in a delete
         */
        record Send<S, D>(
                PublicationKind kind,
                @Nullable S subject,
                @Nullable D document,
                @Nullable String json,
                String fingerprint)
                implements Decision<S, D> {}

        /** An unanswered create is to be repeated first. */
        record Repeat<S, D>(PendingIntent create, D document, String json) implements Decision<S, D> {}

        /** The document counts as what the API has, without being sent. */
        record Assume<S, D>(String json, String fingerprint) implements Decision<S, D> {}

        /** A newer builder has published it. */
        record LeaveToNewer<S, D>(int version) implements Decision<S, D> {}
    }

    Comparison(Machine<S, ID, D> machine, Settings settings) {
        this.machine = machine;
        this.hooks = settings.hooks();
        this.settings = settings;
    }

    /**
     * Compares.
     *
     * @param known what is known of the API
     * @param changed whether something may have changed; else the subject is only gone through
     * @param subject the subject, or null if it does not exist
     * @param call describes the calls of hooks
     * @throws Exception what a hook throws
     */
    Decision<S, D> compare(PayloadRecord known, boolean changed, @Nullable S subject, SubjectCall call)
            throws Exception {
        int version = machine.builderVersion();
        if (known.builderVersion() > version) {
            return new Decision.LeaveToNewer<>(known.builderVersion());
        }
        D document = null;
        String json = null;
        String fingerprint = PayloadStore.DELETE_FINGERPRINT;
        S own = subject != null && isChosen(subject, call) ? subject : null;
        if (own != null && isPublishable(own, call)) {
            document = build(own, call);
            json = Engine.JSON.write(document);
            fingerprint = CanonicalJson.fingerprint(json);
        }
        Decision<S, D> repetition = repetition(known, fingerprint);
        if (repetition != null) {
            return repetition;
        }
        if (document == null || json == null) {
            return deletes(own) && mayBeAtApi(known)
                    ? new Decision.Send<>(PublicationKind.DELETE, subject, null, null, fingerprint)
                    : new Decision.Nothing<>(Result.NOT_PUBLISHABLE, null);
        }
        if (known.state() == State.PRESENT && !known.inDoubt()) {
            if (fingerprint.equals(known.fingerprint())
                    || (!changed && (ASSUMED + fingerprint).equals(known.fingerprint()))) {
                return new Decision.Nothing<>(Result.UNCHANGED, fingerprint);
            }
            if (!changed && known.builderVersion() < version && rebaselines()) {
                return new Decision.Assume<>(json, ASSUMED + fingerprint);
            }
        }
        PublicationKind kind = known.state() == State.PRESENT ? PublicationKind.UPDATE : PublicationKind.CREATE;
        return new Decision.Send<>(kind, subject, document, json, fingerprint);
    }

    /** The fingerprint of a record without what it is marked with. */
    static @Nullable String plain(@Nullable String fingerprint) {
        if (fingerprint == null) {
            return null;
        }
        String unmarked = fingerprint.startsWith(PayloadStore.SEND_ANYWAY)
                ? fingerprint.substring(PayloadStore.SEND_ANYWAY.length())
                : fingerprint;
        return unmarked.startsWith(ASSUMED) ? unmarked.substring(ASSUMED.length()) : unmarked;
    }

    private boolean rebaselines() {
        return machine.definition.policy().versionRise().rebaseline();
    }

    /** Where the API gives ids, an unanswered create would have left its intent: doubt without one is not about its effect. */
    private boolean mayBeAtApi(PayloadRecord known) {
        return known.state() == State.PRESENT
                || (known.inDoubt() && !(machine.definition.remoteIdsFromApi() && known.intent() == null));
    }

    private boolean isChosen(S subject, SubjectCall call) throws Exception {
        return holds(machine.definition.chosen(), subject, call);
    }

    private boolean isPublishable(S subject, SubjectCall call) throws Exception {
        return holds(machine.definition.publishable(), subject, call);
    }

    private boolean holds(@Nullable CheckedPredicate<? super S> predicate, S subject, SubjectCall call)
            throws Exception {
        return predicate == null
                || Boolean.TRUE.equals(hooks.call(call.of(Hook.CHECK_PUBLISHABLE), () -> predicate.test(subject)));
    }

    private D build(S subject, SubjectCall call) throws Exception {
        D document = hooks.call(
                call.of(Hook.BUILD), () -> machine.definition.builder().apply(subject));
        if (document == null) {
            throw new IllegalStateException("build answered null; use publishWhen for subjects without a document");
        }
        return document;
    }

    /** Whether a subject that has no document is deleted; null for one that does not exist, or is not the machine's. */
    private boolean deletes(@Nullable S subject) {
        return machine.definition.destination().deletes()
                && (subject == null || machine.definition.policy().unpublishable() == Policy.Unpublishable.DELETE);
    }

    /** An unanswered create of another document, at an API that gives ids: it must be answered before anything else is sent. */
    private @Nullable Decision<S, D> repetition(PayloadRecord known, String fingerprint) {
        PendingIntent intent = known.intent();
        Class<D> documentType = machine.definition.documentType();
        if (!machine.definition.remoteIdsFromApi()
                || documentType == null
                || !known.inDoubt()
                || known.state() == State.PRESENT
                || intent == null
                || intent.kind() != PublicationKind.CREATE
                || intent.body() == null
                || intent.fingerprint().equals(fingerprint)) {
            return null;
        }
        String json = settings.codec().decode(Objects.requireNonNull(intent.body()));
        return new Decision.Repeat<>(intent, Engine.JSON.read(json, documentType), json);
    }
}
