package io.syncmachine.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.Sorts;
import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.mongo.FreshReads.Reading;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.bson.BsonDocument;
import org.bson.BsonString;
import org.bson.BsonValue;
import org.jspecify.annotations.Nullable;

/**
 * Goes through all that lost changes may have concerned, in the background lane and in pages: first the documents that there are, by {@code _id}; then
 * the subjects that are known to be at the API, for some may have been deleted, or have lost what they referred to. Where it is, is a document:
 * <code>{}</code> at the beginning, <code>{after: id}</code> among the documents, <code>{machine, tenant, subject}</code> among the subjects.
 */
final class Rescan {

    private static final int PAGE = 1_000;
    /** No further page while so many jobs wait. */
    private static final long MOST_WAITING = 10 * PAGE;

    private static final String AFTER = "after";
    private static final String MACHINE = "machine";
    private static final String TENANT = "tenant";
    private static final String SUBJECT = "subject";

    private final MongoEntity<?, ?> entity;
    private final MongoCollection<BsonDocument> documents;
    private final FreshReads reads;
    private final ChangeListener listener;
    private final Store store;

    Rescan(
            MongoEntity<?, ?> entity,
            MongoCollection<BsonDocument> documents,
            FreshReads reads,
            ChangeListener listener,
            Store store) {
        this.entity = entity;
        this.documents = documents;
        this.reads = reads;
        this.listener = listener;
        this.store = store;
    }

    static BsonDocument beginning() {
        return new BsonDocument();
    }

    /**
     * Enqueues a page, unless so much waits that it would not be begun soon.
     *
     * @return where it is now; null if it is done
     */
    @Nullable
    BsonDocument step(BsonDocument at) {
        if (store.jobs().backlog() >= MOST_WAITING) {
            return at;
        }
        return at.containsKey(MACHINE) ? subjects(at) : documents(at);
    }

    private @Nullable BsonDocument documents(BsonDocument at) {
        List<BsonValue> ids = ids(at.get(AFTER));
        List<JobRequest> requests = new ArrayList<>();
        for (BsonValue id : ids) {
            String text = entity.textOf(id);
            if (text != null) {
                requests.addAll(listener.look(Change.DEFAULT_TENANT, entity.name(), text));
            }
        }
        store.jobs().enqueue(requests);
        return ids.size() == PAGE ? new BsonDocument(AFTER, ids.get(PAGE - 1)) : machineAfter("");
    }

    private List<BsonValue> ids(@Nullable BsonValue after) {
        try (Reading reading = reads.begin()) {
            return reading.find(documents, after == null ? new BsonDocument() : Filters.gt("_id", after))
                    .projection(Projections.include("_id"))
                    .sort(Sorts.ascending("_id"))
                    .limit(PAGE)
                    .map(document -> document.get("_id"))
                    .into(new ArrayList<>());
        }
    }

    /** Where the subjects of the next machine begin. */
    private @Nullable BsonDocument machineAfter(String machine) {
        String next = new TreeSet<>(listener.concerned(entity.name(), ChangeKind.CREATE, List.of())).higher(machine);
        return next == null ? null : new BsonDocument(MACHINE, new BsonString(next));
    }

    private @Nullable BsonDocument subjects(BsonDocument at) {
        String machine = at.getString(MACHINE).getValue();
        SubjectKey after = at.containsKey(SUBJECT)
                ? new SubjectKey(
                        at.getString(TENANT).getValue(),
                        machine,
                        at.getString(SUBJECT).getValue())
                : null;
        List<SubjectKey> page = store.payloads().outdated(machine, Integer.MAX_VALUE, after, PAGE);
        store.jobs().enqueue(page.stream().map(Rescan::request).toList());
        if (page.size() < PAGE) {
            return machineAfter(machine);
        }
        SubjectKey last = page.get(PAGE - 1);
        return new BsonDocument(MACHINE, new BsonString(machine))
                .append(TENANT, new BsonString(last.tenant()))
                .append(SUBJECT, new BsonString(last.id()));
    }

    private static JobRequest request(SubjectKey subject) {
        return new JobRequest(
                JobKey.ensurePublication(subject.tenant(), subject.machine(), subject.id()),
                ChangedProperties.all(),
                Lane.BACKGROUND,
                List.of());
    }
}
