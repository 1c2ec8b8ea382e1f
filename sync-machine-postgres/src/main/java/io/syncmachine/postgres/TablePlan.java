package io.syncmachine.postgres;

import io.syncmachine.spi.TableMapping;
import io.syncmachine.spi.TableMapping.Column;
import io.syncmachine.spi.TableMapping.IdText;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A table whose changes are to be told, and what its rows are: of several types where they differ by a discriminator, or where a table holds
 * parts of several entities.
 */
record TablePlan(@Nullable String schema, String table, List<Rows> rows) {

    /** The types of its rows. */
    Set<String> types() {
        return rows.stream().map(some -> some.mapping().type()).collect(Collectors.toCollection(TreeSet::new));
    }

    /** Every column that is read, each once. */
    Set<String> columns() {
        Set<String> columns = new LinkedHashSet<>();
        for (Rows some : rows) {
            TableMapping mapping = some.mapping();
            columns.addAll(mapping.id().columns());
            some.told().values().forEach(told -> told.forEach(column -> columns.add(column.name())));
            mapping.references()
                    .values()
                    .forEach(reference -> columns.addAll(reference.id().columns()));
            if (mapping.tenantColumn() != null) {
                columns.add(mapping.tenantColumn());
            }
            if (mapping.discriminator() != null) {
                columns.add(mapping.discriminator().column());
            }
        }
        return columns;
    }

    /** The columns whose values are compared by an equality of their type. */
    Set<String> comparedByType() {
        Set<String> columns = new LinkedHashSet<>();
        for (Rows some : rows) {
            columns.addAll(some.mapping().id().columns());
            some.told().values().stream()
                    .flatMap(List::stream)
                    .filter(column -> !column.comparesAsText())
                    .forEach(column -> columns.add(column.name()));
        }
        return columns;
    }

    /** Rows of one type, and who wants to know of them. */
    record Rows(TableMapping mapping, List<Wish> wishes) {

        /** The properties whose changes are told: those that somebody names, or all where somebody names none. */
        Map<String, List<Column>> told() {
            Map<String, List<Column>> told = new TreeMap<>(mapping.properties());
            if (wishes.stream().noneMatch(Wish::wantsAll)) {
                told.keySet()
                        .removeIf(property -> wishes.stream()
                                .noneMatch(wish -> wish.properties().contains(property)));
            }
            return told;
        }

        /** The columns that a wish is about. */
        Set<Column> columnsOf(Wish wish) {
            return told().entrySet().stream()
                    .filter(entry -> wish.wants(entry.getKey()))
                    .flatMap(entry -> entry.getValue().stream())
                    .collect(Collectors.toCollection(LinkedHashSet::new));
        }

        /** All columns that are compared. */
        Set<Column> compared() {
            return told().values().stream().flatMap(List::stream).collect(Collectors.toCollection(LinkedHashSet::new));
        }

        private Set<String> names(Predicate<Wish> which) {
            return wishes.stream().filter(which).map(Wish::machine).collect(Collectors.toCollection(TreeSet::new));
        }

        /** Whom a creation concerns. */
        Set<String> all() {
            return names(wish -> true);
        }

        /**
         * Whom a deletion concerns as such. A machine with a finder can ask nobody any more; it is told of what the row referred to instead,
         * if that leads to its subjects.
         */
        Set<String> deletions() {
            return names(wish -> wish.leads().isEmpty());
        }

        /** Machines, that is not handlers. */
        Set<String> machines() {
            return names(wish -> !wish.isHandler());
        }

        /** How the former value of a reference is written. */
        IdText reference(Lead lead) {
            return Objects.requireNonNull(mapping.references().get(lead.property()))
                    .id();
        }

        /** What a row that is gone, or refers to something else, leads to. */
        Set<Lead> leads() {
            return wishes.stream()
                    .flatMap(wish -> wish.leads().stream())
                    .collect(Collectors.toCollection(LinkedHashSet::new));
        }
    }

    /**
     * That a machine or handler listens.
     *
     * @param machine its stored name
     * @param properties only changes of these; empty for all
     * @param isHandler whether it is a handler
     * @param leads where to look when the row is gone or moved
     */
    record Wish(String machine, Set<String> properties, boolean isHandler, Set<Lead> leads) {

        boolean wantsAll() {
            return properties.isEmpty();
        }

        boolean wants(String property) {
            return properties.isEmpty() || properties.contains(property);
        }
    }

    /**
     * Where the former value of a reference leads.
     *
     * @param property the reference
     * @param type as what the entity that it pointed to is told: that of a subject, or of an entity with a finder of its own
     */
    record Lead(String property, String type) {}

    /** Plans by table, in the order of their names. */
    static List<TablePlan> of(Map<TableMapping, List<Wish>> wishes) {
        Map<String, List<Rows>> byTable = new TreeMap<>();
        wishes.forEach((mapping, wanted) -> {
            Rows rows = new Rows(mapping, List.copyOf(wanted));
            if (mapping.role() == TableMapping.Role.ENTITY || !rows.told().isEmpty()) {
                byTable.computeIfAbsent(mapping.table() + '\0' + mapping.schema(), table -> new ArrayList<>())
                        .add(rows);
            }
        });
        return byTable.values().stream()
                .map(rows -> new TablePlan(
                        rows.get(0).mapping().schema(), rows.get(0).mapping().table(), List.copyOf(rows)))
                .toList();
    }
}
