package io.syncmachine.exhaustive;

import io.syncmachine.exhaustive.World.Violation;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.Stage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** Goes through every state that can be reached, the nearest first, each once, and checks what must hold there. */
final class Explorer {

    private static final int NONE = -1;

    private final Scope scope;
    private final int most;
    private final Program program;
    private final Form form;
    private final List<byte[]> states = new ArrayList<>();
    private final Ints parents = new Ints();
    private final Ints actions = new Ints();
    private final Ints froms = new Ints();
    private final Ints tos = new Ints();
    private final BitSet quiet = new BitSet();
    private int[] table = new int[1 << 16];
    private long transitions;

    /** Numbers, as many as there are. */
    private static final class Ints {
        int[] numbers = new int[1 << 12];
        int size;

        void add(int number) {
            if (size == numbers.length) {
                numbers = Arrays.copyOf(numbers, size + (size >> 1));
            }
            numbers[size++] = number;
        }
    }

    /**
     * What was found.
     *
     * @param states how many different states
     * @param transitions how many steps between them
     * @param quiet how many of the states are at rest
     * @param violation what does not hold; null if all does
     * @param path the shortest way there, in words
     * @param complete whether all states were visited
     * @param programStates how many different histories a run can have
     * @param seconds it took
     */
    record Result(
            int states,
            long transitions,
            int quiet,
            String violation,
            List<String> path,
            boolean complete,
            int programStates,
            double seconds) {

        @Override
        public String toString() {
            return String.format(
                    "%,d states (%,d at rest), %,d transitions, %,d histories of a run, %.1f s%s%s",
                    states,
                    quiet,
                    transitions,
                    programStates,
                    seconds,
                    complete ? "" : ", NOT COMPLETE",
                    violation == null
                            ? ""
                            : "; " + violation + " after " + path.size() + " steps:\n  " + String.join("\n  ", path));
        }
    }

    Explorer(Scope scope, int most) {
        this.scope = scope;
        this.most = most;
        this.program = Program.of(scope);
        this.form = new Form(scope, program);
        Arrays.fill(table, NONE);
    }

    static Result explore(Scope scope) {
        return new Explorer(scope, Integer.MAX_VALUE).explore();
    }

    /** Gives up after so many states. */
    static Result explore(Scope scope, int most) {
        return new Explorer(scope, most).explore();
    }

    private Result explore() {
        long start = System.nanoTime();
        World first = World.first(scope, program);
        add(form.of(first), NONE, 0);
        Result result = null;
        for (int id = 0; id < states.size() && states.size() < most && result == null; id++) {
            result = expand(id, start);
        }
        if (result == null && states.size() < most) {
            int stuck = stuck();
            result = stuck == NONE ? null : result("it never comes to rest", pathTo(stuck), start);
        }
        return result == null ? result(null, List.of(), start) : result;
    }

    private Result result(String violation, List<String> path, long start) {
        return new Result(
                states.size(),
                transitions,
                quiet.cardinality(),
                violation,
                path,
                violation == null && states.size() < most,
                program.nodes.size(),
                (System.nanoTime() - start) / 1e9);
    }

    private Result expand(int id, long start) {
        byte[] state = states.get(id);
        World here = form.world(state);
        if (isQuiet(here)) {
            quiet.set(id);
        }
        int[] enabled = new int[64];
        int[] count = {0};
        here.actions(action -> enabled[count[0]++] = action);
        for (int a = 0; a < count[0]; a++) {
            World next = a == count[0] - 1 ? here : form.world(state);
            boolean ordinary = next.isOrdinary(enabled[a]);
            try {
                next.happen(enabled[a]);
                check(next);
                int known = add(form.of(next), id, enabled[a]);
                transitions++;
                if (ordinary && known != id) {
                    froms.add(id);
                    tos.add(known);
                }
            } catch (Violation e) {
                List<String> path = pathTo(id);
                path.add(told(state, enabled[a]));
                return result(e.getMessage(), path, start);
            }
        }
        return null;
    }

    private int add(byte[] state, int parent, int action) {
        if (states.size() * 2 > table.length) {
            table = new int[table.length * 2];
            Arrays.fill(table, NONE);
            for (int id = 0; id < states.size(); id++) {
                table[slot(states.get(id))] = id;
            }
        }
        int slot = slot(state);
        if (table[slot] == NONE) {
            table[slot] = states.size();
            states.add(state);
            parents.add(parent);
            actions.add(action);
        }
        return table[slot];
    }

    private int slot(byte[] state) {
        int hash = 1;
        for (byte each : state) {
            hash = (hash * 0x01000193) ^ each;
        }
        hash ^= hash >>> 15;
        hash *= 0x2c1b3c6d;
        hash ^= hash >>> 12;
        int slot = hash & (table.length - 1);
        while (table[slot] != NONE && !Arrays.equals(states.get(table[slot]), state)) {
            slot = (slot + 1) & (table.length - 1);
        }
        return slot;
    }

    private List<String> pathTo(int id) {
        List<String> path = new ArrayList<>();
        for (int each = id; parents.numbers[each] != NONE; each = parents.numbers[each]) {
            path.add(0, told(states.get(parents.numbers[each]), actions.numbers[each]));
        }
        return path;
    }

    private String told(byte[] state, int action) {
        return form.world(state).describe(action);
    }

    // ---- what must hold

    private boolean isQuiet(World world) {
        if (world.outbox.depth() > 0 || !world.calls.isEmpty() || world.jobs.backlog() > 0) {
            return false;
        }
        for (World.Worker worker : world.workers) {
            if (!worker.node.isStart()) {
                return false;
            }
        }
        return true;
    }

    private void check(World world) {
        if (world.inside.jobs.size() > scope.subjects()
                || !world.inside.jobs.keySet().stream().allMatch(key -> key.stage() == Stage.ENSURE_PUBLICATION)) {
            throw new AssertionError("unexpected jobs " + world.inside.jobs.keySet());
        }
        boolean isQuiet = isQuiet(world);
        for (int s = 0; s < scope.subjects(); s++) {
            int subject = s;
            Optional<PayloadRecord> known = world.payloads.find(World.subject(s));
            if (known.isPresent() && !known.get().inDoubt()) {
                if (world.calls.stream().anyMatch(call -> call.subject == subject && !call.applied)) {
                    throw new Violation("a record is not in doubt, but a call may still take effect");
                }
                int believed = known.get().state() == PayloadStore.State.PRESENT
                        ? World.valueOf(known.get().body())
                        : 0;
                if (believed != world.api[s]) {
                    throw new Violation(
                            "a record is not in doubt and says " + believed + ", but the API has " + world.api[s]);
                }
            }
            if (known.isPresent() && known.get().inDoubt() && !world.doubtful[s]) {
                throw new Violation("G3: a record is in doubt without a reason");
            }
            if (isQuiet && !world.inside.isParked(World.job(s)) && world.values[s] != world.api[s]) {
                throw new Violation(
                        "G1: at rest, the subject is " + world.values[s] + ", but the API has " + world.api[s]);
            }
        }
    }

    /** A state from which no rest is reached by what happens by itself. */
    private int stuck() {
        int[] begins = new int[states.size() + 1];
        for (int e = 0; e < tos.size; e++) {
            begins[tos.numbers[e] + 1]++;
        }
        for (int id = 0; id < states.size(); id++) {
            begins[id + 1] += begins[id];
        }
        int[] into = new int[tos.size];
        int[] filled = Arrays.copyOf(begins, begins.length);
        for (int e = 0; e < tos.size; e++) {
            into[filled[tos.numbers[e]]++] = froms.numbers[e];
        }
        BitSet reaching = (BitSet) quiet.clone();
        Ints waiting = new Ints();
        quiet.stream().forEach(waiting::add);
        while (waiting.size > 0) {
            int id = waiting.numbers[--waiting.size];
            for (int e = begins[id]; e < begins[id + 1]; e++) {
                if (!reaching.get(into[e])) {
                    reaching.set(into[e]);
                    waiting.add(into[e]);
                }
            }
        }
        int stuck = reaching.nextClearBit(0);
        return stuck < states.size() ? stuck : NONE;
    }
}
