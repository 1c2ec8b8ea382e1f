package io.syncmachine.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The committed entities at one moment, numbered in the order of commits. Immutable. */
record Snapshot(long number, Map<Long, Item> items, Map<Long, Shelf> shelves, Map<Long, Part> parts) {

    /** The subject. */
    record Item(long id, String value, long shelf, boolean published) {}

    /** The document of an item tells the name of its shelf. */
    record Shelf(long id, String name) {}

    /** The document of an item tells its parts; a part can be moved to another item. */
    record Part(long id, String name, long item) {}

    /** What is published. */
    record Document(String content, long id) {}

    static final Snapshot EMPTY = new Snapshot(0, Map.of(), Map.of(), Map.of());

    Snapshot with(Object entity) {
        Map<Long, Item> newItems = new TreeMap<>(items);
        Map<Long, Shelf> newShelves = new TreeMap<>(shelves);
        Map<Long, Part> newParts = new TreeMap<>(parts);
        if (entity instanceof Item item) {
            newItems.put(item.id(), item);
        } else if (entity instanceof Shelf shelf) {
            newShelves.put(shelf.id(), shelf);
        } else if (entity instanceof Part part) {
            newParts.put(part.id(), part);
        }
        return new Snapshot(number + 1, newItems, newShelves, newParts);
    }

    Snapshot without(Class<?> type, long id) {
        Map<Long, Item> newItems = new TreeMap<>(items);
        Map<Long, Shelf> newShelves = new TreeMap<>(shelves);
        Map<Long, Part> newParts = new TreeMap<>(parts);
        map(type, newItems, newShelves, newParts).remove(id);
        return new Snapshot(number + 1, newItems, newShelves, newParts);
    }

    /** The entity, or null. */
    Object find(Class<?> type, Object id) {
        return map(type, items, shelves, parts).get(id);
    }

    private static Map<Long, ?> map(
            Class<?> type, Map<Long, Item> items, Map<Long, Shelf> shelves, Map<Long, Part> parts) {
        return type == Item.class ? items : type == Shelf.class ? shelves : parts;
    }

    String brief() {
        return number + " " + items.values() + " " + shelves.values() + " " + parts.values();
    }

    List<Long> itemsOn(long shelf) {
        List<Long> ids = new ArrayList<>();
        items.values().forEach(item -> {
            if (item.shelf() == shelf) {
                ids.add(item.id());
            }
        });
        return ids;
    }

    Document document(Item item, int builderVersion) {
        Shelf shelf = shelves.get(item.shelf());
        StringBuilder content = new StringBuilder();
        content.append('v').append(builderVersion).append(' ').append(item.value());
        content.append(" on ").append(shelf == null ? "-" : shelf.name()).append(" of");
        parts.values().forEach(part -> {
            if (part.item() == item.id()) {
                content.append(' ').append(part.name());
            }
        });
        return new Document(content.toString(), item.id());
    }

    /** What the API should hold of an item; null for nothing. */
    String expected(long id, int builderVersion) {
        Item item = items.get(id);
        return item == null ? null : json(document(item, builderVersion));
    }

    /** In canonical form. */
    static String json(Document document) {
        return "{\"content\":\"" + document.content() + "\",\"id\":" + document.id() + "}";
    }
}
