package io.syncmachine.simulation;

import io.syncmachine.NotAcceptedException;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RejectedException;
import io.syncmachine.ThrottledException;
import io.syncmachine.simulation.Snapshot.Document;
import io.syncmachine.simulation.Snapshot.Item;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An API that holds documents, honours idempotency keys, and is reached over a network. What it is asked to do it does at a moment
 * of its own, whoever still waits for the answer.
 */
final class Api {

    /** Documents with this are refused for good. */
    static final String REFUSED = "bad";

    private static final long MARGIN = 60 * Plan.MILLI;

    private final World world;
    private final Map<String, Held> content = new TreeMap<>();
    private final Map<String, Answer> answers = new HashMap<>();
    private final Map<String, Long> versions = new HashMap<>();
    private final List<Call> flying = new ArrayList<>();
    private final Map<String, String> acknowledged = new HashMap<>();
    private final Map<Long, Long> states = new HashMap<>();
    private final Map<String, Long> shown = new HashMap<>();
    private long remoteIds;

    private record Held(String subject, String json) {}

    private record Answer(String remoteId, String refusal) {}

    /** A call on its way. */
    private static final class Call {
        final String subject;
        final PublicationKind kind;
        final String json;
        final String key;
        final long version;
        final String remoteId;
        /** Whether an earlier create is repeated, as it was. */
        final boolean repetition;
        /** Until when it may take effect, as the engine is promised. */
        final long effectEnd;

        Answer answer;
        boolean answered;
        boolean arrives;

        Call(Publication<?, ?, ?> publication, String key, long effectEnd) {
            this.subject = publication.id().toString();
            this.kind = publication.kind();
            this.json = publication.json().orElse(null);
            this.key = key;
            this.version = publication.version();
            this.remoteId = publication.remoteId().orElse(null);
            this.repetition = kind == PublicationKind.CREATE && publication.subject() == null;
            this.effectEnd = effectEnd;
        }
    }

    Api(World world) {
        this.world = world;
    }

    /** Makes a call from a node; as the hook of a machine does. */
    PublishResult call(Node node, Publication<Item, Long, Document> publication) throws Exception {
        node.alive();
        long left = publication.timeLeft().toNanos();
        long now = world.now();
        Call call = new Call(publication, key(publication), now + left + world.plan.grace.toNanos() - MARGIN);
        world.log(() -> "calls the API: " + call.kind + " " + call.subject + " " + call.json + " version "
                + call.version + " key " + brief(call.key) + (call.remoteId == null ? "" : " id " + call.remoteId));
        if (left == 0) {
            node.sleep(random(100 * Plan.MILLI));
            throw new IOException("too late to call");
        }
        checkRedundant(call);
        checkAlone(call);
        Fault fault = draw(node);
        flying.add(call);
        try {
            PublishResult result = call(node, call, fault, left);
            call.answered = true;
            acknowledged.put(call.subject, call.json == null ? "-" : call.json);
            return result;
        } catch (NotAcceptedException | RejectedException | ThrottledException e) {
            call.answered = true;
            throw e;
        } catch (IOException e) {
            world.log(() -> "got no answer: " + e.getMessage());
            throw e;
        }
    }

    private String key(Publication<Item, Long, Document> publication) {
        if (world.sabotages(Sabotage.KEY_FROM_THE_FINGERPRINT_ALONE)) {
            return publication.id() + "/" + publication.json().orElse("-");
        }
        return world.sabotages(Sabotage.KEY_NEVER_REUSED)
                ? publication.id() + "/" + publication.version()
                : publication.idempotencyKey();
    }

    private Fault draw(Node node) {
        if (node.isCutOffFromApi()) {
            return Fault.PARTITION_FROM_API;
        }
        for (Fault fault : List.of(
                Fault.API_THROTTLES,
                Fault.API_NOT_ACCEPTED,
                Fault.API_REQUEST_LOST,
                Fault.API_ANSWER_LOST,
                Fault.API_APPLIES_LATE,
                Fault.API_ANSWERS_LATE)) {
            if (world.faults.strikes(fault)) {
                return fault;
            }
        }
        return null;
    }

    private PublishResult call(Node node, Call call, Fault fault, long left) throws Exception {
        long soon = Math.min(5 * Plan.MILLI + random(300 * Plan.MILLI), left / 2);
        if (fault == null) {
            arrive(call, soon);
            node.sleep(soon + random(soon));
            return answer(call);
        }
        switch (fault) {
            case API_THROTTLES -> {
                node.sleep(soon);
                throw new ThrottledException(Duration.ofMillis(200 + world.random.nextInt(4000)));
            }
            case API_NOT_ACCEPTED -> {
                node.sleep(soon);
                throw new NotAcceptedException("not now");
            }
            case PARTITION_FROM_API, API_REQUEST_LOST -> {
                node.sleep(random(left + left / 4));
                throw noAnswer("the request was lost");
            }
            case API_ANSWER_LOST -> {
                arrive(call, soon);
                node.sleep(soon + random(left));
                throw noAnswer("the answer was lost");
            }
            case API_APPLIES_LATE -> {
                long latest =
                        world.plan.apiRefusesLowerVersions || world.sabotages(Sabotage.DEADLINE_IGNORED_BY_THE_CLIENT)
                                ? random(60 * Plan.SECOND)
                                : soon + random(call.effectEnd - world.now() - soon);
                arrive(call, latest);
                node.sleep(Math.min(latest, random(left)));
                throw noAnswer("the connection was closed");
            }
            default -> {
                arrive(call, random(call.effectEnd - world.now()));
                node.sleep(left);
                node.hang(random(world.plan.lease.toNanos()));
                if (Thread.interrupted() || call.answer == null) {
                    throw noAnswer("interrupted");
                }
                return answer(call);
            }
        }
    }

    private static IOException noAnswer(String why) {
        return Thread.interrupted() ? new InterruptedIOException(why) : new IOException(why);
    }

    private PublishResult answer(Call call) throws IOException {
        if (Thread.interrupted()) {
            throw new InterruptedIOException("interrupted");
        }
        Answer answer = call.answer;
        if (answer == null) {
            throw new IllegalStateException("the simulated API has not answered");
        }
        if (REFUSED.equals(answer.refusal)) {
            throw new RejectedException("such documents are refused");
        }
        if (answer.refusal != null) {
            throw new NotAcceptedException(answer.refusal);
        }
        return answer.remoteId == null ? PublishResult.done() : PublishResult.withRemoteId(answer.remoteId);
    }

    private void arrive(Call call, long delay) {
        call.arrives = true;
        world.scheduler.once(null, "api", delay, () -> {
            call.arrives = false;
            call.answer = answers.get(call.key);
            if (call.answer == null) {
                call.answer = apply(call);
                answers.put(call.key, call.answer);
            } else {
                world.log(() -> "knows the key " + brief(call.key) + " of a call of version " + call.version);
            }
        });
    }

    private Answer apply(Call call) {
        if (call.json != null && call.json.contains(REFUSED)) {
            world.faults.happened(Fault.API_REJECTS);
            world.log(() -> "refuses " + call.json);
            return new Answer(null, REFUSED);
        }
        long latest = versions.getOrDefault(call.subject, 0L);
        if (call.version <= latest) {
            if (world.plan.apiRefusesLowerVersions) {
                world.log(() -> "refuses version " + call.version + " of " + call.subject);
                return new Answer(null, "a version above " + latest + " was accepted");
            }
            world.violation("order: version " + call.version + " of " + call.subject + " takes effect after " + latest);
        }
        versions.put(call.subject, call.version);
        checkOrderOfStates(call);
        String id = remoteId(call);
        if (call.kind == PublicationKind.DELETE) {
            content.remove(id);
            world.log(() -> "deletes " + id);
            return new Answer(null, null);
        }
        content.put(id, new Held(call.subject, call.json));
        world.log(() -> "holds " + id + " " + call.json);
        return new Answer(world.plan.remoteIds ? id : null, null);
    }

    /** Tells which state of the entities the publications of an opening show. */
    void expect(long epoch, long state) {
        states.put(epoch, state);
    }

    private void checkOrderOfStates(Call call) {
        Long state = states.get(call.version);
        if (state != null && !call.repetition) {
            Long before = shown.put(call.subject, state);
            if (before != null && before > state) {
                world.violation("order: version " + call.version + " of " + call.subject + " shows an older state ("
                        + state + ") than what the API got before (" + before + ")");
            }
        }
    }

    private String remoteId(Call call) {
        if (!world.plan.remoteIds) {
            return call.subject;
        }
        if (call.kind == PublicationKind.CREATE) {
            if (held(call.subject) != null) {
                world.violation("phantom: a second object is created for " + call.subject);
            }
            return "r" + ++remoteIds;
        }
        if (call.kind == PublicationKind.UPDATE && call.remoteId == null) {
            world.violation("an update of " + call.subject + " does not tell the API's id");
        }
        return call.remoteId == null ? "none" : call.remoteId;
    }

    private void checkRedundant(Call call) {
        String document = call.json == null ? "-" : call.json;
        if (!world.plan.faulty && document.equals(acknowledged.get(call.subject))) {
            world.violation("redundant: " + document + " of " + call.subject + " was acknowledged before");
        }
    }

    private void checkAlone(Call call) {
        forgetLanded();
        for (Call other : flying) {
            if (other.subject.equals(call.subject)) {
                world.violation("two at once: versions " + other.version + " and " + call.version + " of "
                        + call.subject + " are in flight");
            }
        }
    }

    private void forgetLanded() {
        flying.removeIf(other -> other.answered || other.effectEnd <= world.now());
    }

    /** Whether something may still happen to a subject that the engine must reckon with. */
    boolean isBusy(String subject) {
        forgetLanded();
        for (Call call : flying) {
            if (call.subject.equals(subject) && call.arrives) {
                return true;
            }
        }
        return false;
    }

    boolean isBusy() {
        forgetLanded();
        return !flying.isEmpty();
    }

    /** What it holds of a subject; null if nothing. */
    String held(String subject) {
        String found = null;
        for (Held held : content.values()) {
            if (held.subject.equals(subject)) {
                found = held.json;
            }
        }
        return found;
    }

    private long random(long below) {
        return below <= 0 ? 0 : (long) (world.random.nextDouble() * below);
    }

    private static String brief(String key) {
        return key.length() > 8 ? key.substring(0, 8) : key;
    }
}
