package io.syncmachine.exhaustive;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.exhaustive.Program.Node;
import io.syncmachine.exhaustive.Program.Order;
import io.syncmachine.exhaustive.Request.Ask;
import io.syncmachine.exhaustive.Request.Ending;
import io.syncmachine.exhaustive.Request.Port;
import io.syncmachine.exhaustive.Scope.Doubt;
import io.syncmachine.exhaustive.Scope.Mutation;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/**
 * All there is at one moment: committed data, the outbox, jobs and payload records of a real in-memory store, what the API holds and
 * may still come to hold, and two workers. Made from a {@link Form}, changed by one action, and turned into a form again.
 */
final class World {

    private static final List<Ending> ENDINGS = List.of(Ending.values());

    static final int WORKERS = 2;
    static final int NOBODY = -1;
    /** Values that a subject may have; zero is none. */
    static final int VALUES = 3;

    /** Thrown where a guarantee is broken. */
    static final class Violation extends RuntimeException {
        Violation(String message) {
            super(message, null, false, false);
        }
    }

    /** A call that is under way. */
    static final class Call {
        final int subject;
        final int value;
        /** How many changes of the subject had been committed when it was read. */
        final int shown;

        int owner;
        boolean applied;
        /** When it can take effect no more. */
        int end;

        Call(int subject, int value, int shown, int owner, boolean applied, int end) {
            this.subject = subject;
            this.value = value;
            this.shown = shown;
            this.owner = owner;
            this.applied = applied;
            this.end = end;
        }

        @Override
        public String toString() {
            return (value == 0 ? "delete" : "put " + value) + " of subject " + subject;
        }
    }

    /** A worker, and what it remembers of its run. */
    static final class Worker {
        Node node;
        int start;
        int calledAt;
        final List<Long> tokens = new ArrayList<>();
        /** What was read of each subject. */
        int[] shown;
        /** Whether there was reason for doubt about each subject when this run opened it or noted its intent. */
        boolean[] doubted;
        /** What was read too early, if that is broken. */
        int[] early;
    }

    static final long FIRST_TOKEN = 1_000_000;
    static final long FIRST_LOCAL_TOKEN = 5_000_000;
    static final long LAST_LOCAL_TOKEN = 6_000_000;

    final Scope scope;
    final Program program;
    final Clock clock = new Clock();
    final InMemoryStore store;
    final JobExecutor jobs;
    final PayloadStore payloads;
    final Outbox outbox;
    final Inside inside;
    int[] values;
    int[] versions;
    int[] api;
    int[] apiShows;
    /** Whether there is a reason for doubt: a call was, or may have been, made whose answer is not recorded. */
    boolean[] doubtful;

    final List<Call> calls = new ArrayList<>();
    final Worker[] workers = new Worker[WORKERS];
    int changesLeft;
    int crashesLeft;
    int lapsesLeft;
    int lossesLeft;
    int refusalsLeft;

    static final class Clock implements EngineClock {
        /** In units. */
        int now;

        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(nanos());
        }

        @Override
        public long nanos() {
            return Program.UNIT.toNanos() * now;
        }
    }

    World(Scope scope, Program program) {
        this.scope = scope;
        this.program = program;
        this.store = InMemoryStore.create(clock);
        clock.now = Form.NOW;
        this.jobs = store.jobs();
        this.payloads = store.payloads();
        this.outbox = store.outbox();
        this.inside = new Inside(store);
    }

    /** Before anything happened. */
    static World first(Scope scope, Program program) {
        World world = new World(scope, program);
        world.values = new int[scope.subjects()];
        world.versions = new int[scope.subjects()];
        world.api = new int[scope.subjects()];
        world.apiShows = new int[scope.subjects()];
        world.doubtful = new boolean[scope.subjects()];
        for (int w = 0; w < WORKERS; w++) {
            world.workers[w] = world.idle();
        }
        world.changesLeft = scope.changes();
        world.crashesLeft = scope.crashes();
        world.lapsesLeft = scope.lapses();
        world.lossesLeft = scope.losses();
        world.refusalsLeft = scope.refusals();
        return world;
    }

    Worker idle() {
        Worker worker = new Worker();
        worker.node = program.start();
        worker.shown = new int[scope.subjects()];
        worker.doubted = new boolean[scope.subjects()];
        worker.early = new int[scope.subjects()];
        return worker;
    }

    // ---- what may happen

    static final int CHANGE = 0;
    static final int RELAY = 1;
    static final int STEP = 2;
    static final int APPLY = 3;
    static final int TICK = 4;
    static final int CRASH = 5;
    static final int LAPSE = 6;
    static final int CUT_RELAY = 7;

    static int action(int kind, int who, int what) {
        return (kind << 12) | (who << 6) | what;
    }

    private static int kind(int action) {
        return action >> 12;
    }

    private static int who(int action) {
        return (action >> 6) & 63;
    }

    private static int what(int action) {
        return action & 63;
    }

    /** Whether an action is no fault, nor a change: what happens if everything is left to itself. */
    boolean isOrdinary(int action) {
        int kind = kind(action);
        if (kind == STEP && workers[who(action)].node.next instanceof Request.Publish) {
            Ending ending = ENDINGS.get(what(action));
            return ending == Ending.ACCEPTED || ending == Ending.EXPIRED;
        }
        return kind == RELAY || kind == STEP || kind == APPLY || kind == TICK;
    }

    /** What may happen now. */
    void actions(IntConsumer each) {
        if (changesLeft > 0) {
            for (int s = 0; s < scope.subjects(); s++) {
                // Subjects are alike until one of them has changed, and so are values that a subject never had.
                if (s > 0 && versions[s - 1] == 0 && versions[s] == 0) {
                    continue;
                }
                for (int v = 0; v < VALUES; v++) {
                    if (v != values[s] && (v < 2 || versions[s] > 0)) {
                        each.accept(action(CHANGE, s, v));
                    }
                }
            }
        }
        if (outbox.depth() > 0) {
            each.accept(action(RELAY, 0, 0));
            if (crashesLeft > 0) {
                each.accept(action(CUT_RELAY, 0, 0));
            }
        }
        boolean bothIdle = true;
        for (int w = 0; w < WORKERS; w++) {
            boolean idle = workers[w].node.isStart();
            if (idle && w > 0 && workers[w - 1].node.isStart()) {
                continue; // the two are alike
            }
            bothIdle &= idle;
            steps(w, each);
            if (!idle && crashesLeft > 0) {
                each.accept(action(CRASH, w, 0));
            }
        }
        for (int c = 0; c < calls.size(); c++) {
            if (!calls.get(c).applied) {
                each.accept(action(APPLY, c, 0));
            }
        }
        if (lapsesLeft > 0) {
            for (int s = 0; s < scope.subjects(); s++) {
                if (inside.isClaimed(job(s)) && inside.readyIn(job(s), clock.now) > 0) {
                    each.accept(action(LAPSE, s, 0));
                }
            }
        }
        if (!bothIdle || !calls.isEmpty() || isTimePending()) {
            each.accept(action(TICK, 0, 0));
        }
    }

    private boolean isTimePending() {
        for (int s = 0; s < scope.subjects(); s++) {
            if (inside.readyIn(job(s), clock.now) > 0 || inside.waitIn(subject(s), clock.now) > 0) {
                return true;
            }
        }
        return false;
    }

    private void steps(int w, IntConsumer each) {
        Worker worker = workers[w];
        if (worker.node.isStart()) {
            int due = 0;
            for (int s = 0; s < scope.subjects(); s++) {
                due |= inside.isDue(job(s), clock.now) ? 1 << s : 0;
            }
            for (int choice = 1; choice < 1 << scope.subjects(); choice++) {
                if ((choice & due) == choice) {
                    each.accept(action(STEP, w, choice));
                }
            }
        } else if (worker.node.next instanceof Request.Publish) {
            Call call = callOf(w);
            if (call != null && call.applied) {
                each.accept(action(STEP, w, ENDINGS.indexOf(Ending.ACCEPTED)));
            }
            if (lossesLeft > 0) {
                each.accept(action(STEP, w, ENDINGS.indexOf(Ending.LOST)));
            }
            if (call == null || call.end - clock.now <= program.grace) {
                each.accept(action(STEP, w, ENDINGS.indexOf(Ending.EXPIRED)));
            }
            if (refusalsLeft > 0 && call != null && !call.applied) {
                each.accept(action(STEP, w, ENDINGS.indexOf(Ending.REFUSED)));
                each.accept(action(STEP, w, ENDINGS.indexOf(Ending.REJECTED)));
            }
        } else {
            each.accept(action(STEP, w, 0));
        }
    }

    private Call callOf(int worker) {
        for (Call call : calls) {
            if (call.owner == worker) {
                return call;
            }
        }
        return null;
    }

    // ---- what happens

    /** Lets an action happen. */
    void happen(int action) {
        switch (kind(action)) {
            case CHANGE -> change(who(action), what(action));
            case RELAY -> relay();
            case CUT_RELAY -> cutRelay();
            case STEP -> step(who(action), what(action));
            case APPLY -> apply(calls.get(who(action)));
            case TICK -> tick();
            case CRASH -> crash(who(action));
            case LAPSE -> {
                lapsesLeft--;
                inside.lapse(job(who(action)), clock.nanos());
            }
            default -> throw new AssertionError(action);
        }
        if (scope.reduced()) {
            for (int w = 0; w < WORKERS; w++) {
                while (isCertain(workers[w])) {
                    step(w, 0);
                }
            }
        }
    }

    /**
     * Whether the outcome of a worker's next step is settled whatever happens before it, and concerns nobody else: it asks in the name
     * of a claim or of an opening that is over. Or whether it writes down an answer that might as well come just now.
     */
    private boolean isCertain(Worker worker) {
        if (worker.node.isStart() || worker.node.isCall()) {
            return false;
        }
        if (worker.node.next instanceof Request.Read) {
            return worker.tokens.stream().noneMatch(this::isEpoch);
        }
        if (!(worker.node.next instanceof Ask ask)) {
            return false;
        }
        if (worker.node.alone
                && worker.node.parent.isCall()
                && worker.node.answer != Ending.LOST
                && worker.node.answer != Ending.EXPIRED) {
            return true;
        }
        return switch (ask.method().getName()) {
            case "intent", "record", "close" -> worker.tokens.stream().noneMatch(this::isEpoch);
            case "complete", "release", "park" -> worker.tokens.stream().noneMatch(this::isToken);
            default -> false;
        };
    }

    private boolean isEpoch(long number) {
        for (int s = 0; s < scope.subjects(); s++) {
            if (inside.epoch(subject(s)) == number) {
                return true;
            }
        }
        return false;
    }

    private boolean isToken(Long number) {
        for (int s = 0; s < scope.subjects(); s++) {
            if (inside.token(job(s)) == number) {
                return true;
            }
        }
        return false;
    }

    /** Tells an action in words. */
    String describe(int action) {
        return switch (kind(action)) {
            case CHANGE -> "subject " + who(action) + (what(action) == 0 ? " is deleted" : " becomes " + what(action));
            case RELAY -> "relay";
            case CUT_RELAY -> "relay, cut off between its two halves";
            case STEP -> "worker " + who(action) + ": " + describe(workers[who(action)], what(action));
            case APPLY -> "the API applies " + calls.get(who(action));
            case TICK -> "time goes on";
            case CRASH -> "worker " + who(action) + " crashes";
            default -> "the claim of subject " + who(action) + " lapses";
        };
    }

    private String describe(Worker worker, int what) {
        if (worker.node.next instanceof Ask ask) {
            return ask.method().getName()
                    + (worker.node.isStart() ? " " + Integer.toBinaryString(what) : "")
                    + (ask.is("close") || ask.is("record") || ask.is("release") ? " " + ask.arguments() : "");
        }
        return worker.node.next instanceof Request.Publish
                ? "its call is " + ENDINGS.get(what).name().toLowerCase(java.util.Locale.ROOT)
                : worker.node.next.toString();
    }

    private void change(int s, int value) {
        changesLeft--;
        ChangeKind kind = value == 0 ? ChangeKind.DELETE : values[s] == 0 ? ChangeKind.CREATE : ChangeKind.UPDATE;
        values[s] = value;
        versions[s]++;
        outbox.append(List.of(changed(s, kind)));
    }

    static Change changed(int s, ChangeKind kind) {
        return new Change(
                Change.DEFAULT_TENANT,
                Order.class.getSimpleName(),
                Integer.toString(s),
                kind,
                ChangedProperties.all(),
                Set.of(Program.MACHINE));
    }

    private void relay() {
        List<JobKey> claimed = new ArrayList<>();
        for (int s = 0; s < scope.subjects(); s++) {
            if (scope.breaks(Mutation.REQUESTS_ARE_ABSORBED) && inside.isClaimed(job(s))) {
                claimed.add(job(s));
            }
        }
        outbox.relay(1, program.router(), jobs);
        claimed.forEach(inside::forgetRequests);
    }

    private void cutRelay() {
        crashesLeft--;
        IllegalStateException cut = new IllegalStateException("cut off");
        JobExecutor half = Program.proxy(JobExecutor.class, jobs, (method, arguments) -> {
            method.invoke(jobs, arguments);
            throw cut;
        });
        try {
            outbox.relay(1, program.router(), half);
        } catch (IllegalStateException e) {
            if (e != cut) {
                throw e;
            }
        }
    }

    private void apply(Call call) {
        if (call.shown < apiShows[call.subject]) {
            throw new Violation("G7: the API is shown an older state after a newer one");
        }
        api[call.subject] = call.value;
        apiShows[call.subject] = call.shown;
        call.applied = true;
        if (call.owner == NOBODY) {
            calls.remove(call);
        }
    }

    private void tick() {
        clock.now++;
        calls.removeIf(call -> call.end <= clock.now && (!call.applied || call.owner == NOBODY));
    }

    private void crash(int w) {
        crashesLeft--;
        leaveCall(w);
        workers[w] = idle();
    }

    private void leaveCall(int w) {
        Call call = callOf(w);
        if (call != null) {
            call.owner = NOBODY;
            if (call.applied) {
                calls.remove(call);
            }
        }
    }

    private void step(int w, int what) {
        Worker worker = workers[w];
        if (worker.node.isStart()) {
            worker.start = clock.now;
        }
        Object answer = answer(w, what);
        int time = time(worker);
        worker.node = program.after(worker.node, answer, time);
        if (worker.node.isEnd()) {
            workers[w] = idle();
        } else if (worker.node.next instanceof Request.Publish publish) {
            begin(w, publish);
        }
    }

    /** From now on it may take effect. */
    private void begin(int w, Request.Publish publish) {
        int s = publish.subject();
        workers[w].calledAt = clock.now;
        for (Call other : calls) {
            if (publish.left() > 0 && other.subject == s && other.end > clock.now) {
                throw new Violation("G2: two calls of a subject are in flight");
            }
        }
        PayloadRecord record = payloads.find(subject(s)).orElseThrow();
        boolean known = record.state() == PayloadStore.State.PRESENT
                ? valueOf(record.body()) == publish.value()
                : publish.value() == 0;
        if (known && !workers[w].doubted[s]) {
            throw new Violation("G3: what is known to be there is sent again");
        }
        int left = publish.left() + program.grace;
        if (left > 0) {
            calls.add(new Call(s, publish.value(), workers[w].shown[s], w, false, clock.now + left));
        }
    }

    /** How long a run has taken, as it sees it: one of its histories stands for all that differ only in when the call began. */
    int time(Worker worker) {
        return worker.node.isCall() && worker.node.alone
                ? worker.node.clock + Math.min(clock.now - worker.calledAt, Program.DEADLINE)
                : Math.min(clock.now - worker.start, program.late);
    }

    private Object answer(int w, int what) {
        Worker worker = workers[w];
        Request request = worker.node.next;
        if (request instanceof Request.Publish) {
            Ending ending = ENDINGS.get(what);
            switch (ending) {
                case ACCEPTED -> calls.remove(callOf(w));
                case LOST -> {
                    lossesLeft--;
                    leaveCall(w);
                }
                case EXPIRED -> leaveCall(w);
                case REFUSED, REJECTED -> {
                    refusalsLeft--;
                    calls.remove(callOf(w));
                }
            }
            return ending;
        }
        if (request instanceof Request.Look) {
            return "now";
        }
        if (request instanceof Request.Read read) {
            return read(worker, read);
        }
        Ask ask = (Ask) request;
        if (worker.node.isStart()) {
            return claim(worker, ask, what);
        }
        return Renaming.rename(ask(worker, ask), token -> local(worker, token));
    }

    private Map<Long, Order> read(Worker worker, Request.Read read) {
        Map<Long, Order> found = new LinkedHashMap<>();
        for (Object id : read.ids()) {
            int s = Math.toIntExact((Long) id);
            int value = values[s];
            if (scope.breaks(Mutation.READ_BEFORE_OPEN)) {
                value = worker.early[s] % VALUES;
                worker.shown[s] = worker.early[s] / VALUES;
            } else {
                worker.shown[s] = versions[s];
            }
            if (value > 0) {
                found.put((Long) id, new Order((Long) id, value));
            }
        }
        return found;
    }

    private Object claim(Worker worker, Ask ask, int choice) {
        ClaimRequest request = (ClaimRequest) ask.arguments().get(0);
        List<Claim> claims = new ArrayList<>();
        for (int s = 0; s < scope.subjects(); s++) {
            if (((choice >> s) & 1) == 1) {
                Runnable back = inside.hideAllBut(job(s), scope.subjects());
                claims.addAll(jobs.claim(request));
                back.run();
                worker.early[s] = versions[s] * VALUES + values[s];
            }
        }
        if (claims.size() != Integer.bitCount(choice)) {
            throw new AssertionError("claimed " + claims + " instead of " + Integer.toBinaryString(choice));
        }
        return claims.stream()
                .map(claim -> new Claim(
                        claim.key(), local(worker, claim.token()), 1, Duration.ZERO, claim.changed(), List.of()))
                .toList();
    }

    private long local(Worker worker, long token) {
        if (token < FIRST_TOKEN || token >= FIRST_LOCAL_TOKEN) {
            return token;
        }
        int index = worker.tokens.indexOf(token);
        if (index < 0) {
            worker.tokens.add(token);
            index = worker.tokens.size() - 1;
        }
        return FIRST_LOCAL_TOKEN + index;
    }

    private Object ask(Worker worker, Ask ask) {
        Object[] arguments = ask.arguments().stream()
                .map(argument -> Renaming.rename(
                        argument,
                        token -> token >= FIRST_LOCAL_TOKEN && token < LAST_LOCAL_TOKEN
                                ? worker.tokens.get((int) (token - FIRST_LOCAL_TOKEN))
                                : token))
                .toArray();
        Object answer = broken(ask, arguments);
        answer = answer == null ? call(ask, arguments) : answer;
        if (ask.port() == Port.PAYLOADS) {
            note(worker, ask, arguments, answer);
        }
        return ask.is("open") ? opened(answer) : answer;
    }

    private Object call(Ask ask, Object[] arguments) {
        if (ask.is("renew")) {
            arguments[0] = ((Collection<?>) arguments[0])
                    .stream()
                            .filter(claim -> inside.readyIn(((Claim) claim).key(), clock.now) > -program.overdue)
                            .toList();
        }
        try {
            return ask.method().invoke(ask.port() == Port.JOBS ? jobs : payloads, arguments);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private List<Opening> opened(Object answer) {
        List<Opening> openings = new ArrayList<>();
        for (Object each : (List<?>) answer) {
            Opening opening = (Opening) each;
            PayloadRecord known = opening.known();
            int s = index(opening.key());
            if (scope.breaks(Mutation.NO_DELETE_IN_DOUBT)
                    && values[s] == 0
                    && known.state() != PayloadStore.State.PRESENT) {
                known = new PayloadRecord(known.state(), null, null, null, false, null, known.builderVersion());
            }
            Duration wait = scope.breaks(Mutation.NO_WAIT_FOR_EARLIER_CALLS) ? Duration.ZERO : opening.waitOut();
            openings.add(new Opening(opening.key(), opening.epoch(), known, wait));
        }
        return openings;
    }

    /** Keeps in mind whether there is a reason for doubt. */
    private void note(Worker worker, Ask ask, Object[] arguments, Object answer) {
        boolean byOpening = scope.doubt() == Doubt.OPENED;
        if (ask.is("open")) {
            for (Object each : (List<?>) answer) {
                int s = index(((Opening) each).key());
                worker.doubted[s] = doubtful[s];
                doubtful[s] |= byOpening;
                if (byOpening) {
                    inside.intended(subject(s), true);
                }
            }
            return;
        }
        if (ask.is("doubt")) {
            ((Collection<?>) arguments[0]).forEach(key -> doubtful[index((SubjectKey) key)] = true);
            return;
        }
        for (Object each : (Collection<?>) arguments[0]) {
            int s;
            long epoch;
            if (each instanceof Intent intent) {
                s = index(intent.key());
                epoch = intent.epoch();
            } else if (each instanceof Acknowledgement acknowledgement) {
                s = index(acknowledgement.key());
                epoch = acknowledgement.epoch();
            } else {
                Closing closing = (Closing) each;
                s = index(closing.key());
                epoch = closing.epoch();
            }
            boolean accepted = ((Set<?>) answer).contains(epoch);
            if (ask.is("intent")) {
                worker.doubted[s] = (accepted && !byOpening) ? doubtful[s] : worker.doubted[s];
                doubtful[s] |= accepted;
                continue;
            }
            if (accepted && ask.is("record")) {
                doubtful[s] = false;
            } else if (accepted && !((Closing) each).inDoubt()) {
                doubtful[s] = worker.doubted[s];
            }
            worker.doubted[s] = false;
        }
    }

    /** Does something else, if that is broken; null if it is not. */
    private Object broken(Ask ask, Object[] arguments) {
        if (scope.broken().isEmpty()) {
            return null;
        }
        Mutation mutation = scope.broken().iterator().next();
        boolean noted = ask.is("intent") && mutation == Mutation.INTENT_WITH_ANY_EPOCH;
        boolean recorded = ask.is("record") && mutation == Mutation.RECORD_WITH_ANY_EPOCH;
        if (noted || recorded) {
            Set<Object> epochs = new HashSet<>();
            List<Object> current = new ArrayList<>();
            for (Object each : (Collection<?>) arguments[0]) {
                SubjectKey key = each instanceof Intent intent ? intent.key() : ((Acknowledgement) each).key();
                epochs.add(each instanceof Intent intent ? intent.epoch() : ((Acknowledgement) each).epoch());
                current.add(Renaming.rename(each, token -> isNumbered(token) ? inside.epoch(key) : token));
            }
            call(ask, new Object[] {current});
            return epochs;
        }
        if (ask.is("intent") && mutation == Mutation.INTENT_NOT_NOTED) {
            return ((Collection<?>) arguments[0])
                    .stream().map(intent -> ((Intent) intent).epoch()).collect(Collectors.toSet());
        }
        if (ask.is("complete") || ask.is("park")) {
            Set<Object> tokens = new HashSet<>();
            List<Object> current = new ArrayList<>();
            for (Object each : (Collection<?>) arguments[0]) {
                Claim claim = each instanceof JobExecutor.Park park ? park.claim() : (Claim) each;
                boolean ignores = ask.is("complete") && mutation == Mutation.COMPLETE_IGNORES_REQUESTS;
                if (ignores && inside.token(claim.key()) == claim.token()) {
                    inside.forgetRequests(claim.key());
                }
                tokens.add(claim.token());
                current.add(Renaming.rename(each, token -> isNumbered(token) ? inside.token(claim.key()) : token));
            }
            if (ask.is("complete") && mutation == Mutation.COMPLETE_WITH_ANY_TOKEN) {
                call(ask, new Object[] {current});
                return tokens.stream().collect(Collectors.toMap(token -> token, token -> JobExecutor.Ending.SETTLED));
            }
            return null;
        }
        if (ask.is("doubt")) {
            if (mutation == Mutation.DOUBT_KEEPS_THE_EPOCH) {
                ((Collection<?>) arguments[0]).forEach(key -> inside.inDoubt((SubjectKey) key, true));
                return "void";
            }
            return mutation == Mutation.FENCED_HOLDER_IS_SILENT || mutation == Mutation.FENCED_HOLDER_LEAVES_NO_DOUBT
                    ? "void"
                    : null;
        }
        if (ask.is("enqueue") && mutation == Mutation.FENCED_HOLDER_IS_SILENT) {
            return "void";
        }
        if (ask.is("open") && mutation == Mutation.DEATH_LEAVES_NO_DOUBT) {
            ((Collection<?>) arguments[0]).forEach(key -> inside.intended((SubjectKey) key, false));
            return null;
        }
        if (ask.is("close") && mutation == Mutation.UNCHANGED_CLEARS_DOUBT) {
            Object answer = call(ask, arguments);
            for (Object each : (Collection<?>) arguments[0]) {
                Closing closing = (Closing) each;
                if (!closing.inDoubt() && ((Set<?>) answer).contains(closing.epoch())) {
                    inside.inDoubt(closing.key(), false);
                }
            }
            return answer;
        }
        if (ask.is("close") && mutation == Mutation.LOST_ANSWER_LEAVES_NO_DOUBT) {
            return call(ask, new Object[] {
                ((Collection<?>) arguments[0])
                        .stream()
                                .map(Closing.class::cast)
                                .map(closing -> new Closing(
                                        closing.key(),
                                        closing.epoch(),
                                        false,
                                        closing.forgetIntent(),
                                        closing.waitOut(),
                                        closing.builderVersion()))
                                .toList()
            });
        }
        return null;
    }

    private static boolean isNumbered(long number) {
        return number >= FIRST_TOKEN && number < LAST_LOCAL_TOKEN;
    }

    // ---- names

    static int index(SubjectKey key) {
        return Integer.parseInt(key.id());
    }

    static SubjectKey subject(int index) {
        return Program.subject(index);
    }

    static JobKey job(int index) {
        return JobKey.ensurePublication(Change.DEFAULT_TENANT, Program.MACHINE, Integer.toString(index));
    }

    static int valueOf(String json) {
        return json == null ? 0 : json.charAt(json.length() - 2) - '0';
    }
}
