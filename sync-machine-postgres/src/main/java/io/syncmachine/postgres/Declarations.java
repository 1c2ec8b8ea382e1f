package io.syncmachine.postgres;

import io.syncmachine.ChangeHandler;
import io.syncmachine.SyncMachine;
import io.syncmachine.postgres.TablePlan.Lead;
import io.syncmachine.postgres.TablePlan.Wish;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.Listener;
import io.syncmachine.spi.MachineDefinition;
import io.syncmachine.spi.TableMapping;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What machines and handlers listen to, by the tables in which it is. */
final class Declarations {

    private final EntitySource source;
    private final TableMapping.Source tables;
    private final Map<TableMapping, List<Wish>> wishes = new LinkedHashMap<>();
    private final Map<String, Set<String>> untold = new TreeMap<>();

    /**
     * What triggers there shall be.
     *
     * @param tables by the order of their names
     * @param untold properties that somebody listens to and no column holds, by type: the inverse sides of associations, formulas
     */
    record Plans(List<TablePlan> tables, Map<String, Set<String>> untold) {}

    private Declarations(EntitySource source) {
        this.source = source;
        if (!(source instanceof TableMapping.Source known)) {
            throw new IllegalArgumentException(source.getClass().getName()
                    + " does not tell in which tables its entities are; JpaEntities and JdbcEntities do");
        }
        this.tables = known;
    }

    /**
     * Derives the plans.
     *
     * @throws IllegalArgumentException if a declaration does not fit the entities, or their tables cannot be told, with the cure
     */
    static Plans plans(
            EntitySource source, Collection<SyncMachine<?, ?>> machines, Collection<ChangeHandler<?>> handlers) {
        Declarations declarations = new Declarations(source);
        machines.forEach(machine -> declarations.add(machine.definition()));
        handlers.forEach(declarations::add);
        return new Plans(TablePlan.of(declarations.wishes), declarations.untold);
    }

    private <ID> void add(MachineDefinition<?, ID, ?> machine) {
        for (Listener<?, ID> listener : machine.listeners()) {
            for (TableMapping mapping :
                    tables("machine '" + machine.name() + "'", listener.entity(), listener.properties())) {
                Set<Lead> leads = listener.finder() == null ? Set.of() : leads(machine, listener, mapping);
                add(mapping, new Wish(machine.storedName(), listener.properties(), false, leads));
            }
        }
    }

    private void add(ChangeHandler<?> handler) {
        for (TableMapping mapping :
                tables("handler '" + handler.name() + "'", handler.entity(), handler.properties())) {
            add(mapping, new Wish(handler.name(), handler.properties(), true, Set.of()));
        }
    }

    private void add(TableMapping mapping, Wish wish) {
        wishes.computeIfAbsent(mapping, key -> new ArrayList<>()).add(wish);
    }

    private List<TableMapping> tables(String who, Class<?> entity, Set<String> properties) {
        try {
            List<TableMapping> known = tables.tables(entity);
            EntityDescription<?, ?> described = source.describe(entity);
            Set<String> missing = new TreeSet<>(properties.isEmpty() ? described.properties() : properties);
            known.forEach(mapping -> missing.removeAll(mapping.properties().keySet()));
            if (!missing.isEmpty()) {
                described
                        .names()
                        .forEach(type -> untold.computeIfAbsent(type, key -> new TreeSet<>())
                                .addAll(missing));
            }
            return known;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(who + ": " + e.getMessage(), e);
        }
    }

    /** References to the subject itself, and to entities for which the machine has another finder. */
    private <ID> Set<Lead> leads(MachineDefinition<?, ID, ?> machine, Listener<?, ID> listener, TableMapping mapping) {
        Set<Lead> leads = new LinkedHashSet<>();
        new TreeMap<>(mapping.references()).forEach((property, reference) -> {
            String type = leadsTo(machine, listener, mapping.type(), reference.target());
            if (type != null) {
                leads.add(new Lead(property, type));
            }
        });
        return leads;
    }

    private <ID> @Nullable String leadsTo(
            MachineDefinition<?, ID, ?> machine, Listener<?, ID> listener, String from, Class<?> target) {
        if (areRelated(machine.subject(), target)) {
            return Change.SUBJECT_OF + from;
        }
        for (Listener<?, ID> other : machine.listeners()) {
            if (!other.equals(listener) && other.finder() != null && areRelated(other.entity(), target)) {
                return source.describe(other.entity()).name();
            }
        }
        return null;
    }

    private static boolean areRelated(Class<?> a, Class<?> b) {
        return a.isAssignableFrom(b) || b.isAssignableFrom(a);
    }
}
