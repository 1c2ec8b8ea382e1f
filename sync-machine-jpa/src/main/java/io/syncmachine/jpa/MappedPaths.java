package io.syncmachine.jpa;

import io.syncmachine.ChangedProperties;
import io.syncmachine.jpa.PathNode.Join;
import io.syncmachine.jpa.PathNode.Tie;
import io.syncmachine.spi.DerivedPaths;
import io.syncmachine.spi.IdCodec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What was derived from paths, and the queries that go along them backwards, from entities to subjects. Only ids are selected. */
final class MappedPaths<ID> implements DerivedPaths<ID> {

    /** How many subjects are found at once. */
    static final int PAGE = 1_000;

    private static final int IDS = 200;

    private final Sessions sessions;
    private final MappedEntity<?, ID> subject;
    private final List<String> idParts;
    private final Map<Edge, PathNode> nodes = new LinkedHashMap<>();

    /** Where queries are answered. */
    interface Sessions {

        /** Answers a query in a short transaction. */
        List<Object[]> answer(String tenant, String query, int most, Map<String, ?> parameters);

        /** Answers it without the database, and tells the statements that it would be sent; the query itself if that cannot be. */
        List<String> statements(String query, int most, Map<String, ?> parameters);

        /** Fails if there is no such query. */
        void check(String query);
    }

    /**
     * Makes it.
     *
     * @param idParts the parts of the subject's id, each as a path from the alias s
     * @throws IllegalArgumentException if a query cannot be made
     */
    MappedPaths(Sessions sessions, MappedEntity<?, ID> subject, List<String> idParts, Map<Edge, PathNode> nodes) {
        this.sessions = sessions;
        this.subject = subject;
        this.idParts = idParts;
        this.nodes.putAll(nodes);
        for (PathNode node : nodes.values()) {
            if (node.before != null) {
                sessions.check(query(node, true));
            }
        }
    }

    @Override
    public List<Edge> edges() {
        return List.copyOf(nodes.keySet());
    }

    private PathNode node(Edge edge) {
        PathNode node = nodes.get(edge);
        if (node == null) {
            throw new IllegalArgumentException("there is no such edge: " + edge.path());
        }
        return node;
    }

    @Override
    public void find(String tenant, Edge edge, Map<String, ChangedProperties> changed, Pages<? super ID> pages)
            throws Exception {
        PathNode node = node(edge);
        Map<Object, Set<String>> themselves = new LinkedHashMap<>();
        Map<Object, Set<String>> before = new LinkedHashMap<>();
        changed.forEach((id, properties) -> {
            if (node.concernsItsSubjects(properties)) {
                add(themselves, node.entity.ids(), id, id);
            }
            if (node.before != null) {
                IdCodec<?> ids = node.before.entity.ids();
                node.toldBefore(properties).forEach(told -> add(before, ids, told, id));
            }
        });
        find(tenant, node, themselves, pages);
        if (node.before != null) {
            find(tenant, node.before, before, pages);
        }
    }

    private static void add(Map<Object, Set<String>> ids, IdCodec<?> codec, String id, String changed) {
        ids.computeIfAbsent(codec.decode(id), key -> new LinkedHashSet<>()).add(changed);
    }

    private void find(String tenant, PathNode node, Map<Object, Set<String>> changedById, Pages<? super ID> pages)
            throws Exception {
        List<Object> ids = new ArrayList<>(changedById.keySet());
        for (int i = 0; i < ids.size(); i += IDS) {
            List<Object> some = ids.subList(i, Math.min(ids.size(), i + IDS));
            if (node.before == null) {
                List<Found<ID>> page = new ArrayList<>();
                some.forEach(id -> add(page, id, changedById.getOrDefault(id, Set.of())));
                pages.take(page);
            } else {
                findPages(tenant, node, some, changedById, pages);
            }
        }
    }

    private void findPages(
            String tenant,
            PathNode node,
            List<Object> ids,
            Map<Object, Set<String>> changedById,
            Pages<? super ID> pages)
            throws Exception {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("ids", JpaEntities.padded(ids));
        List<Object[]> rows = sessions.answer(tenant, query(node, false), PAGE, parameters);
        while (!rows.isEmpty()) {
            List<Found<ID>> page = new ArrayList<>(rows.size());
            rows.forEach(row -> add(page, row[0], changedById.getOrDefault(row[1], Set.of())));
            pages.take(page);
            if (rows.size() < PAGE) {
                return;
            }
            Object[] last = rows.get(rows.size() - 1);
            for (int i = 0; i < idParts.size(); i++) {
                parameters.put("last" + i, last[i + 2]);
            }
            rows = sessions.answer(tenant, query(node, true), PAGE, parameters);
        }
    }

    private void add(List<Found<ID>> page, Object id, Set<String> changed) {
        changed.forEach(one -> page.add(new Found<>(subject.idType().cast(id), one)));
    }

    /** Pairs of subject and changed entity, by the subject; and the parts of the subject's id, to go on after the last. */
    private String query(PathNode node, boolean fromLast) {
        From from = From.of(subject.name(), node);
        String parts = String.join(", ", idParts);
        return "select distinct id(s), " + from.id + ", " + parts + " from " + from.text + " where " + from.id
                + " in (:ids)" + (fromLast ? " and (" + afterLast() + ")" : "") + " order by " + parts;
    }

    private String afterLast() {
        List<String> cases = new ArrayList<>();
        for (int i = 0; i < idParts.size(); i++) {
            List<String> conditions = new ArrayList<>();
            for (int j = 0; j < i; j++) {
                conditions.add(idParts.get(j) + " = :last" + j);
            }
            conditions.add(idParts.get(i) + " > :last" + i);
            cases.add(String.join(" and ", conditions));
        }
        return String.join(" or ", cases);
    }

    /**
     * The way from subjects, with the alias s, to the entities of a node.
     *
     * @param id the expression for their ids
     */
    private record From(String text, String id) {

        static From of(String subject, PathNode node) {
            StringBuilder text = new StringBuilder(subject).append(" s");
            String alias = "s";
            int aliases = 0;
            for (PathNode next : node.chain()) {
                Tie tie = next.tie;
                if (tie == null) {
                    continue;
                }
                if (next == node && tie.foreignKey() != null) {
                    return new From(text.toString(), "id(" + alias + '.' + tie.foreignKey() + ")");
                }
                for (Join join : tie.joins()) {
                    String joined = "j" + ++aliases;
                    text.append(" join ").append(join.from(alias)).append(' ').append(joined);
                    alias = joined;
                }
            }
            return new From(text.toString(), "id(" + alias + ")");
        }
    }

    @Override
    public List<Statement> statements(Edge edge) {
        PathNode node = node(edge);
        List<Statement> result = new ArrayList<>();
        if (node.before == null) {
            return result;
        }
        add(result, "the subjects of changed entities", node);
        if (node.tie != null && node.tie.back() != null && node.before.before != null) {
            add(result, "the subjects of what '" + node.tie.back() + "' referred to before", node.before);
        }
        return result;
    }

    private void add(List<Statement> statements, String use, PathNode node) {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("ids", Collections.singletonList(null));
        sessions.statements(query(node, false), PAGE, parameters)
                .forEach(text -> statements.add(new Statement(use, text)));
    }

    @Override
    public Count count(String tenant, Edge edge) {
        PathNode node = node(edge);
        From from = From.of(subject.name(), node);
        long rows = number(sessions.answer(tenant, "select count(*), 0 from " + node.entity.name(), 1, Map.of()));
        if (node.before == null) {
            return new Count(rows, 1, null);
        }
        String subjects = idParts.size() == 1 ? "count(distinct id(s))" : "count(*)";
        List<Object[]> busiest = sessions.answer(
                tenant,
                "select " + subjects + ", " + from.id + " from " + from.text + " where " + from.id
                        + " is not null group by " + from.id + " order by " + subjects + " desc",
                1,
                Map.of());
        return busiest.isEmpty()
                ? new Count(rows, 0, null)
                : new Count(rows, number(busiest), node.entity.encode(busiest.get(0)[1]));
    }

    private static long number(Collection<Object[]> rows) {
        return rows.stream()
                .mapToLong(row -> ((Number) row[0]).longValue())
                .findFirst()
                .orElse(0);
    }
}
