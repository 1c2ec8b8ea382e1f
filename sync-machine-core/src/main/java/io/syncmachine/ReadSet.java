package io.syncmachine;

import io.syncmachine.internal.Engine;
import io.syncmachine.spi.EntitySource;
import java.util.Collection;
import java.util.List;

/**
 * What the documents of some subjects read, and what of it the declaration of their machine does not cover. For tests: {@code
 * ReadSetCheck} of sync-machine-test asserts it.
 *
 * <p>Attributes are found by varying them: what is read is what changes the document, or whether there is one, however it is read. Not
 * found is what is read without effect, and what none of the subjects has.
 *
 * @param machine the machine's name
 * @param read the paths of all attributes that documents depend on
 * @param uncovered those that neither a declared path nor a listener covers
 * @param notSeen associations that documents depend on, and of which no subject had any: what lies behind is not known
 * @param queries the queries that ran while documents were built, by the same persistence unit; what these read is not known
 */
public record ReadSet(
        String machine, List<String> read, List<String> uncovered, List<String> notSeen, List<String> queries) {

    /** Keeps copies. */
    public ReadSet {
        read = List.copyOf(read);
        uncovered = List.copyOf(uncovered);
        notSeen = List.copyOf(notSeen);
        queries = List.copyOf(queries);
    }

    /**
     * Finds it out. The machine's builder and predicates are called hundreds of times per subject, in a transaction that is rolled back.
     *
     * @param source where the entities are
     * @param tenant whose they are
     * @param ids of subjects that have something of everything
     * @throws IllegalArgumentException if the machine does not fit the entities
     * @throws UnsupportedOperationException if the source cannot vary its entities
     * @throws IllegalStateException if a document cannot be built, or the subjects do not exist
     * @throws Exception why they cannot be read
     */
    public static <S, ID> ReadSet of(EntitySource source, SyncMachine<S, ID> machine, String tenant, Collection<ID> ids)
            throws Exception {
        return Engine.readSet(machine, source, tenant, ids);
    }
}
