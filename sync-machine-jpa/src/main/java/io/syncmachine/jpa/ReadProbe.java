package io.syncmachine.jpa;

import io.syncmachine.function.CheckedFunction;
import io.syncmachine.jpa.VariableCopy.Slot;
import io.syncmachine.spi.Reads;
import io.syncmachine.spi.Reads.Attribute;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what an outcome of entities depends on. Each is copied with all that it leads to, so that what can be reached on two ways is
 * there twice; then the slots of each path are varied, with the rest as it is and in worlds where others are varied, too, and the outcome
 * is looked at.
 */
final class ReadProbe<E> {

    private static final int WORLDS = 8;
    private static final int PASSES = 5;
    private static final int MOST_TRIES = 12;
    private static final String FAILED = "failed: ";

    private final Function<E, VariableCopy<E>> copies;
    private final CheckedFunction<? super E, String> outcome;
    private final Random random = new Random(1);
    private final Map<String, Set<Object>> seenValues = new HashMap<>();
    private final Map<String, Attribute> read = new LinkedHashMap<>();
    private final Map<String, Attribute> empty = new LinkedHashMap<>();
    private final Set<String> filled = new LinkedHashSet<>();

    ReadProbe(Function<E, VariableCopy<E>> copies, CheckedFunction<? super E, String> outcome) {
        this.copies = copies;
        this.outcome = outcome;
    }

    /**
     * Probes entities.
     *
     * @throws IllegalStateException if the outcome fails, or that of a copy is another
     */
    Reads probe(Map<?, E> entities) {
        entities.forEach((id, entity) -> remember(copy(id, entity)));
        entities.forEach((id, entity) -> {
            int before;
            int pass = 0;
            do { // what was reached only in some world is loaded now, and looked at in the next pass
                VariableCopy<E> copy = copy(id, entity);
                before = copy.slots().size();
                remember(copy);
                probe(copy);
            } while (copy(id, entity).slots().size() > before && ++pass < PASSES);
        });
        List<Attribute> notSeen = new ArrayList<>();
        empty.forEach((path, attribute) -> {
            if (read.containsKey(path) && !filled.contains(path)) {
                notSeen.add(attribute);
            }
        });
        return new Reads(List.copyOf(read.values()), notSeen, List.of());
    }

    private VariableCopy<E> copy(Object id, E entity) {
        String expected;
        try {
            expected = Objects.requireNonNull(outcome.apply(entity));
        } catch (Exception e) {
            throw new IllegalStateException("the document of " + id + " cannot be built", e);
        }
        VariableCopy<E> copy = copies.apply(entity);
        if (!look(copy).equals(expected)) {
            throw new IllegalStateException(
                    "a copy of " + id + " makes another document, so that it cannot be told what is read: "
                            + look(copy) + " instead of " + expected
                            + "; its classes may hold what is no mapped attribute, or depend on more than is committed");
        }
        return copy;
    }

    private void remember(VariableCopy<E> copy) {
        for (Slot slot : copy.slots()) {
            if (slot.isAssociation()) {
                (slot.isFilled() ? filled : new LinkedHashSet<String>())
                        .add(slot.attribute().path());
                empty.putIfAbsent(slot.attribute().path(), slot.attribute());
            } else if (slot.value() != null) {
                seenValues
                        .computeIfAbsent(slot.attribute().path(), path -> new LinkedHashSet<>())
                        .add(slot.value());
            }
        }
    }

    private String look(VariableCopy<E> copy) {
        try {
            return Objects.requireNonNull(outcome.apply(copy.root()));
        } catch (Exception | LinkageError | AssertionError e) {
            return failed(e);
        }
    }

    private static String failed(Throwable failure) {
        return FAILED + failure.getClass().getName();
    }

    private void probe(VariableCopy<E> copy) {
        Map<String, List<Slot>> byPath = new LinkedHashMap<>();
        copy.slots()
                .forEach(slot -> byPath.computeIfAbsent(slot.attribute().path(), path -> new ArrayList<>())
                        .add(slot));
        probeAll(copy, byPath, MOST_TRIES);
        for (int world = 0; world < WORLDS; world++) {
            Collection<List<Slot>> varied = byPath.values().stream()
                    .filter(slots -> random.nextInt(slots.get(0).isAssociation() ? 10 : 3) == 0)
                    .toList();
            varied.forEach(slots -> slots.forEach(slot -> set(slot, random.nextInt(MOST_TRIES))));
            if (!look(copy).startsWith(FAILED)) {
                probeAll(copy, byPath, 3);
            }
            copy.slots().forEach(Slot::restore);
        }
    }

    private void probeAll(VariableCopy<E> copy, Map<String, List<Slot>> byPath, int tries) {
        String expected = look(copy);
        byPath.forEach((path, slots) -> {
            if (!read.containsKey(path) && matters(copy, slots, expected, tries)) {
                read.put(path, slots.get(0).attribute());
            }
        });
    }

    private boolean matters(VariableCopy<E> copy, List<Slot> slots, String expected, int tries) {
        List<@Nullable Object> before = new ArrayList<>();
        slots.forEach(slot -> before.add(slot.current()));
        boolean differs = false;
        for (int i = 0; i < tries && !differs; i++) {
            int which = tries == MOST_TRIES ? i : random.nextInt(MOST_TRIES);
            slots.forEach(slot -> set(slot, which));
            differs = !look(copy).equals(expected);
        }
        for (int i = 0; i < slots.size(); i++) {
            slots.get(i).set(before.get(i));
        }
        return differs;
    }

    private void set(Slot slot, int which) {
        List<@Nullable Object> values = new ArrayList<>(slot.alternatives());
        Set<Object> seen = seenValues.getOrDefault(slot.attribute().path(), Set.of());
        seen.stream()
                .filter(value -> !value.equals(slot.value()))
                .limit(MOST_TRIES)
                .forEach(values::add);
        if (!values.isEmpty()) {
            slot.set(values.get(which % values.size()));
        }
    }
}
