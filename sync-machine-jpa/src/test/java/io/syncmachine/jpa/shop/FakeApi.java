package io.syncmachine.jpa.shop;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Holds documents, and notes the calls and whether two for one subject were ever under way together. */
public final class FakeApi {

    private final Map<Long, OrderDocument> documents = new ConcurrentHashMap<>();
    private final Set<Long> underWay = ConcurrentHashMap.newKeySet();
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicInteger overlapping = new AtomicInteger();

    public void put(OrderDocument document) {
        during(document.id(), () -> {
            calls.add("put " + document.id() + " " + document.status());
            documents.put(document.id(), document);
        });
    }

    public void delete(long id) {
        during(id, () -> {
            calls.add("delete " + id);
            documents.remove(id);
        });
    }

    private void during(long id, Runnable call) {
        if (!underWay.add(id)) {
            overlapping.incrementAndGet();
        }
        count.incrementAndGet();
        call.run();
        underWay.remove(id);
    }

    public Map<Long, OrderDocument> documents() {
        return documents;
    }

    public List<String> calls() {
        return List.copyOf(calls);
    }

    public int callCount() {
        return count.get();
    }

    public int overlapping() {
        return overlapping.get();
    }

    public void forgetCalls() {
        calls.clear();
        count.set(0);
    }
}
