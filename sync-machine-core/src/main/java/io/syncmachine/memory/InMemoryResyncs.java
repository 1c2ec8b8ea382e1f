package io.syncmachine.memory;

import io.syncmachine.spi.ResyncStore;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Resyncs in maps. */
final class InMemoryResyncs implements ResyncStore {

    private static final Comparator<Entry> IN_ORDER =
            Comparator.comparing(Entry::requestedAt).thenComparing(Entry::id);

    private final Map<String, Entry> entries = new HashMap<>();
    private final Map<String, Map<Integer, String>> pages = new HashMap<>();

    @Override
    public synchronized void add(Entry entry) {
        entries.put(entry.id(), entry);
    }

    @Override
    public synchronized boolean update(Entry entry) {
        Entry known = entries.get(entry.id());
        if (known == null || known.revision() != entry.revision()) {
            return false;
        }
        entries.put(
                known.id(),
                new Entry(
                        known.id(),
                        known.machine(),
                        entry.status(),
                        known.force(),
                        entry.done(),
                        entry.total(),
                        entry.position(),
                        known.requestedAt(),
                        entry.endedAt(),
                        known.revision() + 1));
        return true;
    }

    @Override
    public synchronized List<Entry> all() {
        return entries.values().stream().sorted(IN_ORDER).toList();
    }

    @Override
    public synchronized void addPage(String id, int page, String subjectIds) {
        pages.computeIfAbsent(id, absent -> new HashMap<>()).put(page, subjectIds);
    }

    @Override
    public synchronized @Nullable String page(String id, int page) {
        return pages.getOrDefault(id, Map.of()).get(page);
    }

    @Override
    public synchronized void deletePages(String id) {
        pages.remove(id);
    }

    @Override
    public synchronized void delete(String id) {
        entries.remove(id);
        pages.remove(id);
    }
}
