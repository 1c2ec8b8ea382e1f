package io.syncmachine.exhaustive;

import io.syncmachine.ChangeKind;
import io.syncmachine.exhaustive.Scope.Mutation;
import io.syncmachine.exhaustive.World.Call;
import io.syncmachine.exhaustive.World.Worker;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.SubjectKey;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A {@link World} as bytes, from which it can be made again. Two worlds that differ only in what nothing depends on have the same
 * form: moments count from now, and all that are past are alike; tokens and epochs are only ever compared for being equal, so that
 * each is named by where the store keeps it, and one that the store no longer has is like any other such; the two workers have no
 * order; attempts, causes and texts are left out.
 */
final class Form {

    /** The moment at which every world is, in units of time. */
    static final int NOW = 1000;

    private static final long FIRST_MOMENT = Program.UNIT.toNanos() * 100;
    private static final int MOMENTS = 1;
    private static final int TOKENS = 64;
    private static final int NUMBERS = 128;
    private static final long FIRST_DEAD_TOKEN = 2_000_000;

    private static final Set<String> LEFT_OUT = Set.of(
            "Kept.usedAt",
            "Job.key",
            "Job.number",
            "Job.requested",
            "Job.claimed",
            "Job.oldest",
            "Job.oldestSince",
            "Job.settleBy", // nothing settles here
            "Job.againAt",
            "Job.attempts",
            "Job.failingSince",
            "Job.failure",
            "Job.refused",
            "Job.parkedAt",
            "Job.changed",
            "Job.changedSince",
            "Job.causes",
            "Job.causesSince");

    private static final Field REQUESTED = Inside.field(Inside.JOB, "requested");
    private static final Field CLAIMED = Inside.field(Inside.JOB, "claimed");
    private static final Field ATTEMPTS = Inside.field(Inside.JOB, "attempts");
    private static final List<Field> OF_RECORD = kept(Inside.KEPT);
    private static final List<Field> OF_JOB = kept(Inside.JOB);

    private final Scope scope;
    private final Program program;
    private final Map<Object, Integer> names = new HashMap<>();
    private final List<Object> named = new ArrayList<>();

    Form(Scope scope, Program program) {
        this.scope = scope;
        this.program = program;
        name("");
        names.put(null, 0);
        named.set(0, null);
    }

    private static List<Field> kept(Class<?> type) {
        return Inside.fields(type).stream()
                .filter(field -> !LEFT_OUT.contains(type.getSimpleName() + "." + field.getName()))
                .peek(field -> field.setAccessible(true))
                .toList();
    }

    private int name(Object object) {
        Integer name = names.get(object);
        if (name == null) {
            name = named.size();
            named.add(object);
            names.put(object, name);
        }
        return name;
    }

    // ---- writing

    private static final class Bytes {
        byte[] bytes = new byte[256];
        int length;
        int read;

        Bytes() {}

        Bytes(byte[] bytes) {
            this.bytes = bytes;
        }

        void write(int number) {
            if (number < 0) {
                throw new AssertionError(number);
            }
            int rest = number;
            if (length + 5 > bytes.length) {
                bytes = Arrays.copyOf(bytes, bytes.length * 2);
            }
            while (rest >= 128) {
                bytes[length++] = (byte) ((rest & 127) | 128);
                rest >>= 7;
            }
            bytes[length++] = (byte) rest;
        }

        void write(boolean flag) {
            write(flag ? 1 : 0);
        }

        void write(byte[] more) {
            for (byte each : more) {
                if (length == bytes.length) {
                    bytes = Arrays.copyOf(bytes, bytes.length * 2);
                }
                bytes[length++] = each;
            }
        }

        byte[] done() {
            return Arrays.copyOf(bytes, length);
        }

        int read() {
            int number = 0;
            for (int shift = 0; ; shift += 7) {
                byte next = bytes[read++];
                number |= (next & 127) << shift;
                if (next >= 0) {
                    return number;
                }
            }
        }

        boolean readFlag() {
            return read() == 1;
        }
    }

    byte[] of(World world) {
        Bytes out = new Bytes();
        List<Long> tokens = new ArrayList<>();
        int[][] orders = new int[scope.subjects()][];
        for (int s = 0; s < scope.subjects(); s++) {
            orders[s] = orders(world, s);
            out.write(world.values[s]);
            out.write(orders[s][world.versions[s]]);
            out.write(world.api[s]);
            out.write(orders[s][world.apiShows[s]]);
            out.write(world.doubtful[s]);
            Object record = world.inside.records.get(World.subject(s));
            out.write(record != null);
            if (record != null) {
                write(out, OF_RECORD, record, tokens, world.clock.nanos());
            }
            Object job = world.inside.jobs.get(World.job(s));
            out.write(job != null);
            if (job != null) {
                write(out, OF_JOB, job, tokens, world.clock.nanos());
                out.write(world.inside.isClaimed(World.job(s))
                        && Inside.number(REQUESTED, job) != Inside.number(CLAIMED, job));
            }
        }
        out.write(world.inside.changes().size());
        for (Change change : world.inside.changes()) {
            out.write(Integer.parseInt(change.id()));
        }
        out.write(world.changesLeft);
        out.write(world.crashesLeft);
        out.write(world.lapsesLeft);
        out.write(world.lossesLeft);
        out.write(world.refusalsLeft);
        world.calls.sort(Comparator.<Call>comparingInt(call -> call.subject)
                .thenComparingInt(call -> call.end)
                .thenComparingInt(call -> call.value)
                .thenComparingInt(call -> call.shown));
        long nobodys =
                world.calls.stream().filter(call -> call.owner == World.NOBODY).count();
        out.write((int) nobodys);
        for (Call call : world.calls) {
            if (call.owner == World.NOBODY) {
                write(out, call, world, orders);
            }
        }
        byte[][] workers = new byte[World.WORKERS][];
        for (int w = 0; w < World.WORKERS; w++) {
            workers[w] = worker(world, w, tokens, orders);
        }
        Arrays.sort(workers, Arrays::compare);
        for (byte[] worker : workers) {
            out.write(worker);
        }
        return out.done();
    }

    private void write(Bytes out, List<Field> fields, Object object, List<Long> tokens, long now) {
        for (Field field : fields) {
            try {
                if (field.getType() == boolean.class) {
                    out.write(field.getBoolean(object));
                } else if (field.getType() == int.class) {
                    out.write(field.getInt(object));
                } else if (field.getType() == long.class) {
                    out.write(code(field.getLong(object), tokens, now));
                } else {
                    out.write(name(field.get(object)));
                }
            } catch (IllegalAccessException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }
    }

    private static int code(long number, List<Long> tokens, long now) {
        if (number >= FIRST_MOMENT) {
            long left = number - now;
            if (left <= 0) {
                return 0;
            }
            if (left % Program.UNIT.toNanos() != 0 || left / Program.UNIT.toNanos() >= TOKENS - MOMENTS) {
                throw new AssertionError("a moment in " + left + " ns");
            }
            return MOMENTS + Math.toIntExact(left / Program.UNIT.toNanos()) - 1;
        }
        if (number >= World.FIRST_TOKEN) {
            int index = tokens.indexOf(number);
            if (index < 0) {
                index = tokens.size();
                tokens.add(number);
            }
            return TOKENS + index;
        }
        return number == 0 ? 0 : NUMBERS + Math.toIntExact(number);
    }

    private static void write(Bytes out, Call call, World world, int[][] orders) {
        out.write(call.subject);
        out.write(call.value);
        out.write(call.applied ? 0 : orders[call.subject][call.shown]);
        out.write(call.applied);
        out.write(Math.max(call.end - world.clock.now, 0));
    }

    private byte[] worker(World world, int w, List<Long> tokens, int[][] orders) {
        Bytes out = new Bytes();
        Worker worker = world.workers[w];
        if (scope.reduced() && isPowerless(worker, tokens)) {
            out.write(program.start().id);
            return out.done();
        }
        out.write(worker.node.id);
        if (!worker.node.isStart()) {
            out.write(worker.tokens.size());
            for (long token : worker.tokens) {
                out.write(tokens.indexOf(token) + 1);
            }
            boolean acknowledging = worker.node.acknowledging();
            boolean called = worker.node.isCall() && worker.node.alone;
            out.write(acknowledging ? 0 : world.time(worker) - (called ? worker.node.clock : 0));
            for (int s = 0; s < scope.subjects(); s++) {
                out.write(remembersWhatItRead(worker) ? orders[s][worker.shown[s]] : 0);
                out.write(worker.doubted[s]);
                if (scope.breaks(Mutation.READ_BEFORE_OPEN)) {
                    out.write(worker.early[s]);
                }
            }
            List<Call> own =
                    world.calls.stream().filter(call -> call.owner == w).toList();
            out.write(own.size());
            own.forEach(call -> write(out, call, world, orders));
        }
        return out.done();
    }

    /**
     * Whether a run has lost its jobs and its records before it called: all that it still writes will be refused, and nothing of it is
     * known anywhere. It is as good as ended.
     */
    private static boolean isPowerless(Worker worker, List<Long> tokens) {
        return worker.node.opened
                && !worker.node.called
                && !worker.node.isCall()
                && worker.tokens.stream().noneMatch(tokens::contains);
    }

    private static boolean remembersWhatItRead(Worker worker) {
        return worker.node.opened && !worker.node.acknowledging() && !(worker.node.isCall() && worker.node.alone);
    }

    /** The states of a subject that matter still, in their order: only that is compared. Numbers each, from 1. */
    private static int[] orders(World world, int s) {
        boolean[] matters = new boolean[64];
        matters[world.versions[s]] = true;
        for (Call call : world.calls) {
            if (call.subject == s && !call.applied) {
                matters[call.shown] = true;
            }
        }
        for (Worker worker : world.workers) {
            if (remembersWhatItRead(worker)) {
                matters[worker.shown[s]] = true;
            }
        }
        boolean older = false;
        for (int version = 1; version < world.apiShows[s]; version++) {
            older |= matters[version];
        }
        matters[world.apiShows[s]] |= older;
        matters[0] = false;
        int[] orders = new int[matters.length];
        int next = 1;
        for (int version = 1; version < matters.length; version++) {
            orders[version] = matters[version] ? next++ : 0;
        }
        return orders;
    }

    // ---- reading

    World world(byte[] form) {
        World world = new World(scope, program);
        Bytes in = new Bytes(form);
        int n = scope.subjects();
        world.values = new int[n];
        world.versions = new int[n];
        world.api = new int[n];
        world.apiShows = new int[n];
        world.doubtful = new boolean[n];
        int tokens = 0;
        for (int s = 0; s < n; s++) {
            world.values[s] = in.read();
            world.versions[s] = in.read();
            world.api[s] = in.read();
            world.apiShows[s] = in.read();
            world.doubtful[s] = in.readFlag();
            if (in.readFlag()) {
                SubjectKey key = World.subject(s);
                tokens = Math.max(tokens, read(in, OF_RECORD, world.inside.newRecord(key)));
            }
            if (in.readFlag()) {
                JobKey key = World.job(s);
                Object job = world.inside.newJob(key, s);
                tokens = Math.max(tokens, read(in, OF_JOB, job));
                Inside.set(ATTEMPTS, job, 1);
                Inside.set(REQUESTED, job, in.readFlag() ? 1L : 0L);
                if (!world.inside.isClaimed(key)) {
                    Inside.set(REQUESTED, job, 1L);
                }
                world.inside.place(job);
            }
        }
        int changes = in.read();
        for (int c = 0; c < changes; c++) {
            world.outbox.append(List.of(World.changed(in.read(), ChangeKind.UPDATE)));
        }
        world.changesLeft = in.read();
        world.crashesLeft = in.read();
        world.lapsesLeft = in.read();
        world.lossesLeft = in.read();
        world.refusalsLeft = in.read();
        int calls = in.read();
        for (int c = 0; c < calls; c++) {
            world.calls.add(call(in, World.NOBODY));
        }
        long dead = FIRST_DEAD_TOKEN;
        for (int w = 0; w < World.WORKERS; w++) {
            Worker worker = world.idle();
            world.workers[w] = worker;
            worker.node = program.nodes.get(in.read());
            if (!worker.node.isStart()) {
                int known = in.read();
                for (int t = 0; t < known; t++) {
                    int name = in.read();
                    worker.tokens.add(name == 0 ? dead++ : World.FIRST_TOKEN + name - 1);
                }
                int time = in.read();
                worker.start = NOW - time;
                worker.calledAt = NOW - time;
                for (int s = 0; s < n; s++) {
                    worker.shown[s] = in.read();
                    worker.doubted[s] = in.readFlag();
                    if (scope.breaks(Mutation.READ_BEFORE_OPEN)) {
                        worker.early[s] = in.read();
                    }
                }
                int own = in.read();
                for (int c = 0; c < own; c++) {
                    world.calls.add(call(in, w));
                }
            }
        }
        world.inside.sequence.set(World.FIRST_TOKEN + tokens);
        return world;
    }

    private int read(Bytes in, List<Field> fields, Object object) {
        int tokens = 0;
        for (Field field : fields) {
            int code = in.read();
            if (field.getType() == boolean.class) {
                Inside.set(field, object, code == 1);
            } else if (field.getType() == int.class) {
                Inside.set(field, object, code);
            } else if (field.getType() == long.class) {
                Inside.set(field, object, number(code));
                tokens = code >= TOKENS && code < NUMBERS ? Math.max(tokens, code - TOKENS + 1) : tokens;
            } else {
                Inside.set(field, object, named.get(code));
            }
        }
        return tokens;
    }

    private static long number(int code) {
        if (code == 0) {
            return 0;
        }
        if (code < TOKENS) {
            return Program.UNIT.toNanos() * (NOW + code - MOMENTS + 1);
        }
        return code < NUMBERS ? World.FIRST_TOKEN + code - TOKENS : code - NUMBERS;
    }

    private static Call call(Bytes in, int owner) {
        return new Call(in.read(), in.read(), in.read(), owner, in.readFlag(), NOW + in.read());
    }
}
