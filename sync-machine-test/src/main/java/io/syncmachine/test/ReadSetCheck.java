package io.syncmachine.test;

import io.syncmachine.ReadSet;
import io.syncmachine.SyncMachine;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.EntitySource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Checks that a machine's declaration covers all that its documents read: by a {@linkplain SyncMachine.Listening#reads path}, by a
 * listener, or by a path that is said to be ignored.
 *
 * <pre>{@code
 * ReadSetCheck.of(JpaEntities.of(factory), ORDER_TO_API).assertCovered(1L, 2L);
 * }</pre>
 *
 * <p>Getters are not watched, for much is read by fields. Instead each attribute of the subjects, and of all that they lead to, is varied
 * in memory, alone and among other changes; one that makes another document, or decides whether there is one, is read. So give subjects
 * that have something of everything: a customer, some lines, each kind of payment. An association that is read and that no subject has fails
 * the check, because what lies behind it is not known; so does a query that runs meanwhile.
 *
 * <p>Not found is what is read without any effect, what is read by other means than the persistence unit, and what has an effect only for
 * values that are not tried: those that the other subjects have, neighbours, nothing, extremes. A listener counts as covering what it
 * listens to, whatever its function answers. Safe for use by several threads.
 *
 * @param <ID> the class of the subjects' ids
 */
public final class ReadSetCheck<ID> {

    private final EntitySource entities;
    private final SyncMachine<?, ID> machine;
    private final String tenant;
    private final Set<String> allowedQueries;

    private ReadSetCheck(
            EntitySource entities, SyncMachine<?, ID> machine, String tenant, Collection<String> allowedQueries) {
        this.entities = entities;
        this.machine = machine;
        this.tenant = tenant;
        this.allowedQueries = Set.copyOf(allowedQueries);
    }

    /** Of a machine; no engine need run. */
    public static <ID> ReadSetCheck<ID> of(EntitySource entities, SyncMachine<?, ID> machine) {
        return new ReadSetCheck<>(entities, machine, Change.DEFAULT_TENANT, Set.of());
    }

    /** The same for a tenant's subjects. */
    public ReadSetCheck<ID> ofTenant(String tenant) {
        return new ReadSetCheck<>(entities, machine, tenant, allowedQueries);
    }

    /** The same, with a query that may run, because what it reads is declared in another way. Given as it is written. */
    public ReadSetCheck<ID> allowingQuery(String query) {
        Set<String> all = new LinkedHashSet<>(allowedQueries);
        all.add(query);
        return new ReadSetCheck<>(entities, machine, tenant, all);
    }

    /**
     * Finds out what the documents of some subjects read.
     *
     * @throws IllegalStateException if a document cannot be built, or a subject does not exist
     */
    public ReadSet readSet(Collection<ID> ids) {
        try {
            return ReadSet.of(entities, machine, tenant, ids);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("machine '" + machine.name() + "': its subjects cannot be read", e);
        }
    }

    /**
     * Asserts that all is covered.
     *
     * @throws AssertionError if not, naming what is not covered and the declaration that would cover it
     * @throws IllegalStateException if a document cannot be built, or a subject does not exist
     */
    @SafeVarargs
    public final void assertCovered(ID... ids) {
        List<ID> all = new ArrayList<>();
        for (ID id : ids) {
            all.add(id);
        }
        assertCovered(all);
    }

    /** The same. */
    public void assertCovered(Collection<ID> ids) {
        ReadSet reads = readSet(ids);
        List<String> findings = new ArrayList<>();
        if (!reads.uncovered().isEmpty()) {
            findings.add("documents read what neither a path nor a listener covers: "
                    + String.join(", ", reads.uncovered()) + "\nThis would cover it:\n    .reads("
                    + quoted(withoutPrefixes(reads.uncovered()))
                    + ")\nWhat is read, but whose changes need not count:\n"
                    + "    .reads(ReadPolicy.IGNORED, …)");
        }
        if (!reads.notSeen().isEmpty()) {
            findings.add("documents depend on " + String.join(", ", reads.notSeen())
                    + ", of which no subject given has any, so that it is not known what is read there;"
                    + " give one that has");
        }
        List<String> queries = reads.queries().stream()
                .filter(query -> !allowedQueries.contains(query))
                .toList();
        if (!queries.isEmpty()) {
            findings.add("building documents runs queries, of which it is not known what they read; follow associations"
                    + " instead, or listen to what they read and say allowingQuery(…):\n    "
                    + String.join("\n    ", queries));
        }
        if (!findings.isEmpty()) {
            throw new AssertionError("machine '" + machine.name() + "': " + String.join("\n", findings));
        }
    }

    /** A path reads what it goes along. */
    private static List<String> withoutPrefixes(List<String> paths) {
        return paths.stream()
                .filter(path -> paths.stream().noneMatch(other -> other.startsWith(path + '.')))
                .toList();
    }

    private static String quoted(List<String> paths) {
        return paths.stream().map(path -> '"' + path + '"').collect(Collectors.joining(", "));
    }
}
