package io.syncmachine.simulation;

import io.syncmachine.ChangedProperties;
import io.syncmachine.PublicationKind;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Ending;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.MachineRegistry.MachineState;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A planted bug: what a wrong engine, store or hook would do, brought about between the engine and its ports. The simulation must
 * catch each.
 */
enum Sabotage {

    /** A job is acknowledged when it is claimed. */
    ACKNOWLEDGED_BEFORE_COMMIT {
        @Override
        JobExecutor jobs(World world, JobExecutor jobs) {
            return changed(jobs, (method, arguments, original) -> switch (method) {
                case "claim" -> {
                    List<Claim> claims = claims(original.call(arguments));
                    jobs.complete(claims);
                    yield claims;
                }
                case "complete" -> settled(claims(arguments[0]));
                case "release" -> {
                    List<Release> releases = releases(arguments[0]);
                    for (Release release : releases) {
                        JobRequest again = new JobRequest(
                                release.claim().key(), release.claim().changed());
                        world.scheduler.once(
                                null, "queue", release.delay().toNanos(), () -> jobs.enqueue(List.of(again)));
                    }
                    yield settled(releases.stream().map(Release::claim).toList());
                }
                case "park" ->
                    settled(parks(arguments[0]).stream().map(Park::claim).toList());
                default -> original.call(arguments);
            });
        }
    },

    /** A job is not run if a run ended after it was requested, by the clock of the node that ran it. */
    CLOCKS_COMPARED {
        @Override
        JobExecutor jobs(World world, JobExecutor jobs) {
            Map<JobKey, Long> requested = new HashMap<>();
            Map<JobKey, Long> ended = new HashMap<>();
            return changed(jobs, (method, arguments, original) -> {
                switch (method) {
                    case "enqueue" ->
                        requests(arguments[0]).forEach(request -> requested.put(request.key(), world.now()));
                    case "complete" ->
                        claims(arguments[0]).forEach(claim -> ended.put(claim.key(), world.clockOfCurrentNode()));
                    case "claim" -> {
                        List<Claim> claims = new ArrayList<>(claims(original.call(arguments)));
                        claims.removeIf(claim -> {
                            boolean old = requested.getOrDefault(claim.key(), 0L)
                                    < ended.getOrDefault(claim.key(), Long.MIN_VALUE);
                            if (old) {
                                jobs.complete(List.of(claim));
                            }
                            return old;
                        });
                        return claims;
                    }
                    default -> {}
                }
                return original.call(arguments);
            });
        }
    },

    /** A request for a job that runs is absorbed by the run. */
    COALESCED_AFTER_THE_READ {
        @Override
        JobExecutor jobs(World world, JobExecutor jobs) {
            return changed(jobs, (method, arguments, original) -> {
                if (method.equals("enqueue")) {
                    return original.call(requests(arguments[0]).stream()
                            .filter(request -> jobs.find(request.key())
                                    .map(status -> !status.running())
                                    .orElse(true))
                            .toList());
                }
                return original.call(arguments);
            });
        }
    },

    /** Complete, release and park end whatever claim of the key there is. */
    RELEASED_BY_KEY {
        @Override
        JobExecutor jobs(World world, JobExecutor jobs) {
            Map<JobKey, Claim> latest = new HashMap<>();
            return tokens(
                    jobs,
                    claim -> {
                        latest.put(claim.key(), claim);
                        return claim;
                    },
                    claim -> latest.getOrDefault(claim.key(), claim));
        }
    },

    /** The numbers of a job's claims begin anew when it was completed and is made again. */
    TOKEN_PER_ROW {
        @Override
        JobExecutor jobs(World world, JobExecutor jobs) {
            Map<JobKey, List<Claim>> rows = new HashMap<>();
            return tokens(
                    jobs,
                    claim -> {
                        List<Claim> row = rows.computeIfAbsent(claim.key(), key -> new ArrayList<>());
                        if (claim.attempt() == 1 && isNew(row, claim)) {
                            row.clear();
                        }
                        row.add(claim);
                        return numbered(claim, ((long) claim.key().key().hashCode() << 20) + row.size());
                    },
                    claim -> {
                        List<Claim> row = rows.getOrDefault(claim.key(), List.of());
                        int number = (int) (claim.token() & 0xFFFFF);
                        return number == row.size() ? row.get(number - 1) : numbered(claim, -1);
                    });
        }
    },

    /** A job that was requested during its last attempt is parked all the same. */
    PARKED_UNCONDITIONALLY {
        @Override
        JobExecutor jobs(World world, JobExecutor jobs) {
            return changed(jobs, (method, arguments, original) -> {
                Object answer = original.call(arguments);
                if (method.equals("park")) {
                    Map<Long, Ending> endings = endings(answer);
                    for (Park park : parks(arguments[0])) {
                        if (endings.get(park.claim().token()) == Ending.RUNS_AGAIN) {
                            parkAnyway(jobs, park);
                        }
                    }
                }
                return answer;
            });
        }
    },

    /** What a reference pointed to before is forgotten. */
    OLD_REFERENCE_DROPPED {
        @Override
        JobExecutor jobs(World world, JobExecutor jobs) {
            return changed(jobs, (method, arguments, original) -> {
                if (method.equals("enqueue")) {
                    return original.call(requests(arguments[0]).stream()
                            .map(Sabotage::withoutOldReferences)
                            .toList());
                }
                return original.call(arguments);
            });
        }
    },

    /** Of changes that are folded, only the latest counts. */
    FOLDED_CHANGES_NOT_UNITED {
        @Override
        JobExecutor jobs(World world, JobExecutor jobs) {
            Map<JobKey, ChangedProperties> latest = new HashMap<>();
            return changed(jobs, (method, arguments, original) -> {
                if (method.equals("enqueue")) {
                    requests(arguments[0]).forEach(request -> latest.put(request.key(), request.changed()));
                }
                Object answer = original.call(arguments);
                return method.equals("claim")
                        ? claims(answer).stream()
                                .map(claim -> new Claim(
                                        claim.key(),
                                        claim.token(),
                                        claim.attempt(),
                                        claim.failingFor(),
                                        latest.getOrDefault(claim.key(), claim.changed()),
                                        claim.causes()))
                                .toList()
                        : answer;
            });
        }
    },

    /** The relay takes rows with higher numbers than it has seen, though lower ones may be committed later. */
    RELAYED_ABOVE_THE_LAST_SEEN,

    /** That jobs were forgotten is not noticed by who keeps their changes. */
    FORGETTING_NOT_NOTICED,

    /** Rows are deleted from the outbox before their jobs are enqueued elsewhere. */
    DELETED_FROM_OUTBOX_BEFORE_ENQUEUED,

    /** Intents, acknowledgements and closings are written whatever their epoch. */
    FENCE_SKIPPED {
        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            Map<SubjectKey, Long> current = new HashMap<>();
            return changed(payloads, (method, arguments, original) -> {
                switch (method) {
                    case "open" -> {
                        List<Opening> openings = openings(original.call(arguments));
                        openings.forEach(opening -> current.put(opening.key(), opening.epoch()));
                        return openings;
                    }
                    case "doubt" -> {
                        original.call(arguments);
                        payloads.open(List.copyOf(keys(arguments[0])))
                                .forEach(opening -> current.put(opening.key(), opening.epoch()));
                        return null;
                    }
                    case "intent" -> {
                        Collection<Intent> intents = intents(arguments[0]);
                        payloads.intent(intents.stream()
                                .map(one -> new Intent(one.key(), current.get(one.key()), one.intent(), one.deadline()))
                                .toList());
                        return epochs(intents.stream().map(Intent::epoch).toList());
                    }
                    case "record" -> {
                        Collection<Acknowledgement> done = acknowledgements(arguments[0]);
                        payloads.record(done.stream()
                                .map(one -> withEpoch(one, current.get(one.key())))
                                .toList());
                        return epochs(done.stream().map(Acknowledgement::epoch).toList());
                    }
                    case "close" -> {
                        Collection<Closing> closings = closings(arguments[0]);
                        payloads.close(closings.stream()
                                .map(one -> withEpoch(one, current.get(one.key())))
                                .toList());
                        return epochs(closings.stream().map(Closing::epoch).toList());
                    }
                    default -> {
                        return original.call(arguments);
                    }
                }
            });
        }
    },

    /** The subject is read before its record is opened. */
    LOADED_BEFORE_OPENED,

    /** Subjects are read from a replica that is behind. */
    READ_FROM_A_REPLICA,

    /** What is about to be sent is not noted. */
    INTENT_NOT_NOTED {
        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            return changed(
                    payloads,
                    (method, arguments, original) -> method.equals("intent")
                            ? epochs(intents(arguments[0]).stream()
                                    .map(Intent::epoch)
                                    .toList())
                            : original.call(arguments));
        }
    },

    /** An earlier call that may still take effect is not waited for. */
    DEADLINE_NOT_WAITED_OUT {
        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            return opened(
                    payloads, opening -> new Opening(opening.key(), opening.epoch(), opening.known(), Duration.ZERO));
        }
    },

    /** A document that equals the acknowledged one is not sent, though something else may have been sent since. */
    EQUAL_BEATS_DOUBT {
        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            return known(payloads, known -> known.state() == State.PRESENT ? doubt(known, false) : known);
        }
    },

    /** A document is compared with what was about to be sent, and not with what was acknowledged. */
    COMPARED_WITH_THE_INTENT {
        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            return known(
                    payloads,
                    known -> known.intent() == null || known.intent().kind() == PublicationKind.DELETE
                            ? known
                            : new PayloadRecord(
                                    State.PRESENT,
                                    known.intent().fingerprint(),
                                    known.body(),
                                    known.remoteId(),
                                    false,
                                    known.intent(),
                                    known.builderVersion()));
        }
    },

    /** A subject that is gone is not deleted if nothing was acknowledged, though something may have been sent. */
    DELETE_NOT_SENT_IN_DOUBT {
        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            return known(
                    payloads,
                    known -> known.state() != State.PRESENT && known.intent() == null ? doubt(known, false) : known);
        }
    },

    /** A run that ends without an answer from the API clears doubt. */
    DOUBT_CLEARED_BY_A_SNOOZE {
        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            return changed(payloads, (method, arguments, original) -> {
                if (method.equals("close")) {
                    for (Closing closing : closings(arguments[0])) {
                        PayloadRecord known = payloads.find(closing.key()).orElseThrow();
                        if (!closing.inDoubt() && known.state() != State.NEVER) {
                            payloads.record(List.of(new Acknowledgement(
                                    closing.key(),
                                    closing.epoch(),
                                    known.state(),
                                    known.fingerprint(),
                                    known.body(),
                                    known.remoteId(),
                                    known.builderVersion())));
                        }
                    }
                }
                return original.call(arguments);
            });
        }
    },

    /** Doubt is known as long as the same job is tried again, and forgotten with it. */
    DOUBT_LOST_WITH_THE_QUEUE {
        @Override
        JobExecutor jobs(World world, JobExecutor jobs) {
            Set<JobKey> keys = world.triedAgain;
            return changed(jobs, (method, arguments, original) -> {
                Object answer = original.call(arguments);
                if (method.equals("claim")) {
                    for (Claim claim : claims(answer)) {
                        if (claim.attempt() > 1) {
                            keys.add(claim.key());
                        } else {
                            keys.remove(claim.key());
                        }
                    }
                }
                return answer;
            });
        }

        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            return opened(
                    payloads,
                    opening -> world.triedAgain.contains(JobKey.ensurePublication(
                                    opening.key().tenant(),
                                    opening.key().machine(),
                                    opening.key().id()))
                            ? opening
                            : with(opening, doubt(opening.known(), false)));
        }
    },

    /** A create without an answer is not repeated before something else is sent. */
    CREATE_NOT_REPEATED {
        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            return known(
                    payloads,
                    known -> new PayloadRecord(
                            known.state(),
                            known.fingerprint(),
                            known.body(),
                            known.remoteId(),
                            known.inDoubt(),
                            null,
                            known.builderVersion()));
        }
    },

    /** A call without an answer counts as done. */
    TIMEOUT_TAKEN_FOR_SUCCESS,

    /** The idempotency key is the same whenever the document is. */
    KEY_FROM_THE_FINGERPRINT_ALONE,

    /** Every call has an idempotency key of its own, a repetition too. */
    KEY_NEVER_REUSED,

    /** A call may take effect long after its deadline. */
    DEADLINE_IGNORED_BY_THE_CLIENT,

    /** An older builder does not know that a newer one has published. */
    OLDER_BUILDER_PUBLISHES {
        @Override
        PayloadStore payloads(World world, PayloadStore payloads) {
            return known(
                    payloads,
                    known -> new PayloadRecord(
                            known.state(),
                            known.fingerprint(),
                            known.body(),
                            known.remoteId(),
                            known.inDoubt(),
                            known.intent(),
                            0));
        }

        @Override
        MachineRegistry machines(World world, MachineRegistry machines) {
            return Ports.around(MachineRegistry.class, machines, (method, arguments, original) -> {
                if (!method.equals("states")) {
                    return original.call(arguments);
                }
                Map<String, MachineState> states = new HashMap<>();
                machines.states()
                        .forEach((name, state) -> states.put(
                                name, new MachineState(0, state.sweptVersion(), state.paused(), state.unseenFor())));
                return states;
            });
        }
    };

    JobExecutor jobs(World world, JobExecutor jobs) {
        return jobs;
    }

    PayloadStore payloads(World world, PayloadStore payloads) {
        return payloads;
    }

    MachineRegistry machines(World world, MachineRegistry machines) {
        return machines;
    }

    private static JobExecutor changed(JobExecutor jobs, Ports.Around around) {
        return Ports.around(JobExecutor.class, jobs, around);
    }

    private static PayloadStore changed(PayloadStore payloads, Ports.Around around) {
        return Ports.around(PayloadStore.class, payloads, around);
    }

    /** Changes the tokens that are handed out, and changes them back when claims end. */
    private static JobExecutor tokens(JobExecutor jobs, UnaryOperator<Claim> out, UnaryOperator<Claim> in) {
        return changed(jobs, (method, arguments, original) -> {
            switch (method) {
                case "claim" -> {
                    return claims(original.call(arguments)).stream().map(out).toList();
                }
                case "complete" -> {
                    List<Claim> given = claims(arguments[0]);
                    return endings(given, given.stream().map(in).toList(), real -> jobs.complete(List.of(real)));
                }
                case "release" -> {
                    List<Release> given = releases(arguments[0]);
                    Map<Long, Ending> endings = new HashMap<>();
                    for (Release one : given) {
                        Claim real = in.apply(one.claim());
                        Release release = new Release(real, one.delay(), one.countsAsAttempt(), one.reason());
                        endings.put(
                                one.claim().token(),
                                jobs.release(List.of(release)).get(real.token()));
                    }
                    return endings;
                }
                case "park" -> {
                    Map<Long, Ending> endings = new HashMap<>();
                    for (Park one : parks(arguments[0])) {
                        Claim real = in.apply(one.claim());
                        endings.put(
                                one.claim().token(),
                                jobs.park(List.of(new Park(real, one.failure(), one.refused())))
                                        .get(real.token()));
                    }
                    return endings;
                }
                default -> {
                    return original.call(arguments);
                }
            }
        });
    }

    private static Map<Long, Ending> endings(
            List<Claim> given, List<Claim> real, java.util.function.Function<Claim, Map<Long, Ending>> ends) {
        Map<Long, Ending> endings = new HashMap<>();
        for (int i = 0; i < given.size(); i++) {
            endings.put(
                    given.get(i).token(),
                    ends.apply(real.get(i)).get(real.get(i).token()));
        }
        return endings;
    }

    private static boolean isNew(List<Claim> row, Claim claim) {
        return row.isEmpty() || row.get(row.size() - 1).attempt() >= claim.attempt();
    }

    private static Claim numbered(Claim claim, long token) {
        return new Claim(claim.key(), token, claim.attempt(), claim.failingFor(), claim.changed(), claim.causes());
    }

    private static void parkAnyway(JobExecutor jobs, Park park) {
        JobKey key = park.claim().key();
        for (Claim claim :
                jobs.claim(new ClaimRequest(key.machine(), key.stage(), 1000, Duration.ofSeconds(1), "sabotage"))) {
            if (claim.key().equals(key)) {
                jobs.park(List.of(new Park(claim, park.failure(), park.refused())));
            } else {
                jobs.release(List.of(new Release(claim, Duration.ZERO, false, "sabotage")));
            }
        }
    }

    private static JobRequest withoutOldReferences(JobRequest request) {
        ChangedProperties changed = request.changed();
        return changed.isAll() || changed.isNone()
                ? request
                : new JobRequest(
                        request.key(), ChangedProperties.of(changed.names()), request.lane(), request.causes());
    }

    private static PayloadStore opened(PayloadStore payloads, UnaryOperator<Opening> change) {
        return changed(payloads, (method, arguments, original) -> {
            Object answer = original.call(arguments);
            return method.equals("open") ? openings(answer).stream().map(change).toList() : answer;
        });
    }

    private static PayloadStore known(PayloadStore payloads, UnaryOperator<PayloadRecord> change) {
        return opened(payloads, opening -> with(opening, change.apply(opening.known())));
    }

    private static Opening with(Opening opening, PayloadRecord known) {
        return new Opening(opening.key(), opening.epoch(), known, opening.waitOut());
    }

    private static PayloadRecord doubt(PayloadRecord known, boolean inDoubt) {
        return new PayloadRecord(
                known.state(),
                known.fingerprint(),
                known.body(),
                known.remoteId(),
                inDoubt,
                known.intent(),
                known.builderVersion());
    }

    private static Acknowledgement withEpoch(Acknowledgement one, long epoch) {
        return new Acknowledgement(
                one.key(), epoch, one.state(), one.fingerprint(), one.body(), one.remoteId(), one.builderVersion());
    }

    private static Closing withEpoch(Closing one, long epoch) {
        return new Closing(one.key(), epoch, one.inDoubt(), one.forgetIntent(), one.waitOut(), one.builderVersion());
    }

    private static Map<Long, Ending> settled(List<Claim> claims) {
        Map<Long, Ending> endings = new HashMap<>();
        claims.forEach(claim -> endings.put(claim.token(), Ending.SETTLED));
        return endings;
    }

    private static Set<Long> epochs(List<Long> epochs) {
        return new HashSet<>(epochs);
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // as the ports declare it
    private static <T> T cast(Object value) {
        return (T) value;
    }

    private static List<Claim> claims(Object value) {
        return new ArrayList<>(Sabotage.<Collection<Claim>>cast(value));
    }

    private static List<Release> releases(Object value) {
        return new ArrayList<>(Sabotage.<Collection<Release>>cast(value));
    }

    private static List<Park> parks(Object value) {
        return new ArrayList<>(Sabotage.<Collection<Park>>cast(value));
    }

    private static Collection<JobRequest> requests(Object value) {
        return cast(value);
    }

    private static Map<Long, Ending> endings(Object value) {
        return cast(value);
    }

    private static List<Opening> openings(Object value) {
        return cast(value);
    }

    private static Collection<SubjectKey> keys(Object value) {
        return cast(value);
    }

    private static Collection<Intent> intents(Object value) {
        return cast(value);
    }

    private static Collection<Acknowledgement> acknowledgements(Object value) {
        return cast(value);
    }

    private static Collection<Closing> closings(Object value) {
        return cast(value);
    }
}
