package io.syncmachine.jdbc;

import io.syncmachine.spi.IdPieces;
import io.syncmachine.spi.TableMapping;
import io.syncmachine.spi.TableMapping.Column;
import io.syncmachine.spi.TableMapping.IdText;
import io.syncmachine.spi.TableMapping.Piece;
import io.syncmachine.spi.TableMapping.Reference;
import io.syncmachine.spi.TableMapping.Role;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What was declared of an entity's table.
 *
 * @param key its columns, in the order of the id's parts; empty for the usual ones
 * @param columns of properties whose columns are not called like them; none for those that are in no column
 * @param references the classes of the entities that properties are ids of
 * @param asText the properties whose values are compared as text
 * @param tenantColumn null if no column tells the tenant
 */
record JdbcTable(
        @Nullable String schema,
        String name,
        List<String> key,
        Map<String, List<String>> columns,
        Map<String, Class<?>> references,
        Set<String> asText,
        @Nullable String tenantColumn) {

    /**
     * What this says of the entity.
     *
     * @param idTypes the classes of the ids of other entities
     * @throws IllegalArgumentException if it does not fit the entity
     */
    TableMapping mapping(JdbcEntity<?, ?> entity, Function<Class<?>, Class<?>> idTypes) {
        if (!entity.ids().equals(JdbcEntity.codec(entity.idType()))) {
            throw new IllegalArgumentException("ids of " + entity.name()
                    + " are written by a codec of their own, which no database knows; leave out ids(…)");
        }
        checkNames(entity);
        Map<String, List<Column>> properties = new TreeMap<>();
        for (String property : entity.properties()) {
            List<Column> held = columnsOf(property).stream()
                    .map(column -> new Column(column, asText.contains(property)))
                    .toList();
            if (!held.isEmpty()) {
                properties.put(property, held);
            }
        }
        Map<String, Reference> pointing = new TreeMap<>();
        references.forEach((property, target) ->
                pointing.put(property, new Reference(target, idText(idTypes.apply(target), columnsOf(property)))));
        return new TableMapping(
                entity.name(),
                schema,
                name,
                Role.ENTITY,
                idText(entity.idType(), key),
                properties,
                pointing,
                tenantColumn,
                null);
    }

    private void checkNames(JdbcEntity<?, ?> entity) {
        Set<String> unknown = new TreeSet<>(columns.keySet());
        unknown.addAll(references.keySet());
        unknown.addAll(asText);
        unknown.removeAll(entity.properties());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("the table of " + entity.name() + " is declared with the properties "
                    + unknown + ", but it has only " + new TreeSet<>(entity.properties()));
        }
    }

    private List<String> columnsOf(String property) {
        List<String> usual = property.equals("id") && key.size() == 1 ? key : List.of(snakeCase(property));
        return columns.getOrDefault(property, usual);
    }

    private static IdText idText(Class<?> type, List<String> columns) {
        if (!type.isRecord()) {
            if (columns.size() > 1) {
                throw new IllegalArgumentException(
                        "an id of " + type.getName() + " is in one column, but " + columns + " were named");
            }
            return IdPieces.single(type, columns.isEmpty() ? "id" : columns.get(0));
        }
        List<RecordComponent> components = List.of(type.getRecordComponents());
        if (!columns.isEmpty() && columns.size() != components.size()) {
            throw new IllegalArgumentException("an id of " + type.getName() + " is in " + components.size()
                    + " columns, but " + columns + " were named");
        }
        Map<String, List<Piece>> parts = new LinkedHashMap<>();
        for (int i = 0; i < components.size(); i++) {
            RecordComponent component = components.get(i);
            String column = columns.isEmpty() ? snakeCase(component.getName()) : columns.get(i);
            parts.put(component.getName(), IdPieces.json(component.getType(), column));
        }
        return new IdText(new ArrayList<>(IdPieces.object(parts)));
    }

    /** unitPrice is unit_price. */
    static String snakeCase(String property) {
        StringBuilder column = new StringBuilder();
        for (int i = 0; i < property.length(); i++) {
            char c = property.charAt(i);
            if (Character.isUpperCase(c)) {
                column.append(i == 0 ? "" : "_").append(Character.toLowerCase(c));
            } else {
                column.append(c);
            }
        }
        return column.toString();
    }
}
