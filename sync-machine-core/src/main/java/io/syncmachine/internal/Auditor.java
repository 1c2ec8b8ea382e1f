package io.syncmachine.internal;

import io.syncmachine.Audit.Subject;
import io.syncmachine.AuditReport;
import io.syncmachine.AuditReport.Example;
import io.syncmachine.AuditReport.Finding;
import io.syncmachine.ChangedProperties;
import io.syncmachine.Explanation.Difference;
import io.syncmachine.Policy;
import io.syncmachine.PublicationKind;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.internal.AllSubjects.Cursor;
import io.syncmachine.internal.AllSubjects.Page;
import io.syncmachine.internal.AllSubjects.Part;
import io.syncmachine.internal.Comparison.Decision;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor.JobStatus;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Compares what subjects should be at the API with what they are known or found to be. Safe for use by several threads. */
public final class Auditor<S, ID, D> {

    private static final int PAGE = 200;
    private static final int MOST_EXAMPLES = 20;
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Machine<S, ID, D> machine;
    private final EntitySource source;
    private final Store store;
    private final Settings settings;
    private final Predicate<Duration> pause;
    private final Comparison<S, ID, D> comparison;

    /**
     * What to look at.
     *
     * @param tenants whose subjects
     * @param ids which ones; null for all
     * @param fraction how many of them, from zero to one
     * @param reader tells what the API holds; null if it is not asked
     * @param readsPerSecond how often at most
     * @param healsPerSecond how many of those that drifted are enqueued in a second; zero for none at all
     */
    public record Task<ID>(
            List<String> tenants,
            @Nullable Iterable<? extends ID> ids,
            double fraction,
            @Nullable CheckedFunction<Subject<ID>, Optional<String>> reader,
            int readsPerSecond,
            int healsPerSecond) {

        /** Only these. */
        public Task<ID> withIds(Iterable<? extends ID> ids) {
            return new Task<>(tenants, ids, fraction, reader, readsPerSecond, healsPerSecond);
        }

        /** Only so many. */
        public Task<ID> withFraction(double fraction) {
            return new Task<>(tenants, ids, fraction, reader, readsPerSecond, healsPerSecond);
        }

        /** Only those of these. */
        public Task<ID> withTenants(List<String> tenants) {
            return new Task<>(tenants, ids, fraction, reader, readsPerSecond, healsPerSecond);
        }

        /** With what the API tells. */
        public Task<ID> withReader(CheckedFunction<Subject<ID>, Optional<String>> reader, int perSecond) {
            return new Task<>(tenants, ids, fraction, reader, perSecond, healsPerSecond);
        }

        /** And mends what drifted. */
        public Task<ID> withHealing(int perSecond) {
            return new Task<>(tenants, ids, fraction, reader, readsPerSecond, perSecond);
        }
    }

    /**
     * Makes one.
     *
     * @param pause waits that long; answers whether the engine has been closed
     */
    Auditor(Machine<S, ID, D> machine, EntitySource source, Store store, Settings settings, Predicate<Duration> pause) {
        this.machine = machine;
        this.source = source;
        this.store = store;
        this.settings = settings;
        this.pause = pause;
        this.comparison = new Comparison<>(machine, settings);
    }

    /**
     * Looks.
     *
     * @throws IllegalStateException if the subjects cannot be gone through
     */
    public AuditReport run(Task<ID> task) {
        Look look = new Look(task);
        try {
            look.go();
        } catch (Exception e) {
            throw new IllegalStateException(
                    "machine '" + machine.name() + "': the audit ended early, after "
                            + look.report().subjects() + " subjects: " + Failures.describe(e),
                    e);
        }
        return look.report();
    }

    /**
     * What was found of a subject, as far as its record tells.
     *
     * @param fingerprint of what the API should hold; null if it should hold nothing, or that is not known
     * @param json that, where it is known
     * @param isAsked whether the API may be wrong all the same
     */
    private record Found(
            Finding finding,
            @Nullable String fingerprint,
            @Nullable String json,
            boolean isAsked,
            String reason) {

        static Found of(Finding finding) {
            return new Found(finding, null, null, false, "");
        }
    }

    /** One way through the subjects. */
    private final class Look {

        private final Task<ID> task;
        private final Map<Finding, Long> counts = new EnumMap<>(Finding.class);
        private final List<Example> examples = new ArrayList<>();
        private final Set<SubjectKey> drifted = new LinkedHashSet<>();
        private final Set<SubjectKey> unknownAtApi = new LinkedHashSet<>();
        private long healed;

        Look(Task<ID> task) {
            this.task = task;
        }

        AuditReport report() {
            return new AuditReport(machine.name(), counts, examples, healed);
        }

        void go() throws Exception {
            Iterable<? extends ID> ids = task.ids();
            if (ids != null) {
                goThrough(ids);
                return;
            }
            AllSubjects<S, ID> all = new AllSubjects<>(machine, source, store.payloads());
            Cursor cursor = Cursor.BEGIN;
            while (cursor.part() != Part.END) {
                Page page = all.page(cursor, task.tenants(), PAGE);
                lookAt(page.keys().stream().filter(key -> isDrawn()).toList());
                cursor = page.next();
            }
        }

        private void goThrough(Iterable<? extends ID> ids) throws Exception {
            if (task.tenants().size() != 1) {
                throw new IllegalArgumentException(
                        "an audit of some subjects is one tenant's, but " + task.tenants() + " are named");
            }
            List<SubjectKey> page = new ArrayList<>();
            try {
                for (ID id : ids) {
                    if (isDrawn()) {
                        page.add(new SubjectKey(task.tenants().get(0), machine.storedName(), machine.encode(id)));
                    }
                    if (page.size() == PAGE) {
                        lookAt(List.copyOf(page));
                        page.clear();
                    }
                }
            } finally {
                if (ids instanceof AutoCloseable closeable) {
                    closeable.close();
                }
            }
            lookAt(List.copyOf(page));
        }

        private boolean isDrawn() {
            return task.fraction() >= 1 || settings.random().getAsDouble() < task.fraction();
        }

        private void lookAt(List<SubjectKey> keys) throws Exception {
            if (keys.isEmpty()) {
                return;
            }
            Map<SubjectKey, PayloadRecord> known = store.payloads().find(keys);
            Map<SubjectKey, Found> found = new LinkedHashMap<>();
            new BatchReader<S, ID, SubjectKey>(
                            source,
                            settings.clock(),
                            machine.definition.subject(),
                            SubjectKey::tenant,
                            key -> machine.subjectIds.decode(key.id()),
                            new BatchReader.Work<>() {
                                @Override
                                public void handle(SubjectKey key, @Nullable S subject) throws Exception {
                                    found.put(
                                            key, found(key, known.getOrDefault(key, Foresight.NOTHING_KNOWN), subject));
                                }

                                @Override
                                public void failed(SubjectKey key, Throwable failure) {
                                    found.put(
                                            key,
                                            new Found(Finding.FAILED, null, null, false, Failures.describe(failure)));
                                }

                                @Override
                                public void unread(SubjectKey key, Throwable failure) {
                                    // nothing can be read: that ends it
                                }
                            })
                    .read(keys);
            for (Map.Entry<SubjectKey, Found> one : found.entrySet()) {
                tell(one.getKey(), known.getOrDefault(one.getKey(), Foresight.NOTHING_KNOWN), one.getValue());
            }
            heal();
        }

        /** What the record tells; a mark, or that a document was only taken for sent, makes no difference. */
        private Found found(SubjectKey key, PayloadRecord known, @Nullable S subject) throws Exception {
            PayloadRecord plain = new PayloadRecord(
                    known.state(),
                    Comparison.plain(known.fingerprint()),
                    known.body(),
                    known.remoteId(),
                    known.inDoubt(),
                    known.intent(),
                    known.builderVersion());
            Decision<S, D> decision =
                    comparison.compare(plain, true, subject, new SubjectCall(machine, key, List.of()));
            if (decision instanceof Decision.LeaveToNewer) {
                return Found.of(Finding.NEWER_BUILDER);
            }
            if (known.inDoubt()) {
                return Found.of(Finding.IN_DOUBT);
            }
            if (decision instanceof Decision.Send<S, D> send) {
                return new Found(finding(send.kind()), send.fingerprint(), send.json(), false, "");
            }
            if (decision instanceof Decision.Nothing<S, D> nothing && nothing.result() == Result.UNCHANGED) {
                return new Found(Finding.AGREES, nothing.fingerprint(), null, true, "");
            }
            return new Found(Finding.ABSENT, null, null, isDeleted(subject), "");
        }

        private void tell(SubjectKey key, PayloadRecord known, Found found) throws Exception {
            if (found.finding().isDrift()) {
                Finding finding = unlessUnderWay(key, found.finding());
                count(key, finding, false, differences(known, null, found.json()), "");
                if (finding.isDrift()) {
                    drifted.add(key);
                }
            } else if (task.reader() != null && found.isAsked()) {
                askApi(key, known, found);
            } else {
                count(key, found.finding(), false, List.of(), found.reason());
            }
        }

        /** Whether it is deleted where it is; what may not be published any more may be kept. */
        private boolean isDeleted(@Nullable S subject) {
            return machine.definition.destination().deletes()
                    && (subject == null || machine.definition.policy().unpublishable() == Policy.Unpublishable.DELETE);
        }

        private void askApi(SubjectKey key, PayloadRecord known, Found found) throws Exception {
            CheckedFunction<Subject<ID>, Optional<String>> reader = task.reader();
            if (reader == null) {
                return;
            }
            Optional<String> held;
            try {
                Optional<String> answer = reader.apply(new Subject<>(
                        key.tenant(), machine.subjectIds.decode(key.id()), Optional.ofNullable(known.remoteId())));
                held = answer == null
                        ? Optional.empty()
                        : answer.map(json -> Engine.JSON.write(Engine.JSON.tree(json)));
            } catch (Exception e) {
                count(key, Finding.FAILED, true, List.of(), Failures.describe(e));
                rest(SECOND.dividedBy(task.readsPerSecond()));
                return;
            }
            boolean shallBe = found.finding() == Finding.AGREES;
            Finding finding = found.finding();
            if (shallBe && held.isEmpty()) {
                finding = Finding.MISSING;
            } else if (shallBe && !CanonicalJson.fingerprint(held.get()).equals(found.fingerprint())) {
                finding = Finding.DIFFERS;
            } else if (!shallBe && held.isPresent()) {
                finding = Finding.EXTRA;
            }
            finding = finding.isDrift() ? unlessUnderWay(key, finding) : finding;
            count(key, finding, true, differences(known, held.orElse(null), null), "");
            if (finding == Finding.EXTRA) {
                unknownAtApi.add(key);
            } else if (finding.isDrift()) {
                drifted.add(key);
            }
            rest(SECOND.dividedBy(task.readsPerSecond()));
        }

        private Finding unlessUnderWay(SubjectKey key, Finding finding) {
            Optional<JobStatus> job =
                    store.jobs().find(JobKey.ensurePublication(key.tenant(), key.machine(), key.id()));
            return job.map(status -> status.parked() ? Finding.GIVEN_UP : Finding.PENDING)
                    .orElse(finding);
        }

        /** From what is held, or was acknowledged, to what was built, or equals what was acknowledged. */
        private List<Difference> differences(PayloadRecord known, @Nullable String held, @Nullable String built) {
            String kept = known.body() == null ? null : settings.codec().decode(known.body());
            String before = held == null ? kept : held;
            String after = held == null ? built : kept;
            return before == null || after == null
                    ? List.of()
                    : JsonDifference.between(Engine.JSON.tree(before), Engine.JSON.tree(after));
        }

        private void count(
                SubjectKey key, Finding finding, boolean fromApi, List<Difference> differences, String reason) {
            counts.merge(finding, 1L, Long::sum);
            if (examples.size() < MOST_EXAMPLES && (finding.isDrift() || finding == Finding.FAILED)) {
                examples.add(new Example(
                        key.tenant(),
                        key.id(),
                        finding,
                        fromApi,
                        finding == Finding.DIFFERS ? differences : List.of(),
                        reason));
            }
        }

        /** What the API holds without that being known is in doubt; for what it should hold, the record does not count. */
        private void heal() {
            int perSecond = task.healsPerSecond();
            if (perSecond > 0) {
                heal(List.copyOf(drifted), keys -> store.payloads().sendAnyway(keys, true));
                heal(List.copyOf(unknownAtApi), keys -> store.payloads().doubt(keys));
            }
            drifted.clear();
            unknownAtApi.clear();
        }

        private void heal(List<SubjectKey> keys, Consumer<List<SubjectKey>> first) {
            for (int from = 0; from < keys.size(); from += task.healsPerSecond()) {
                List<SubjectKey> some = keys.subList(from, Math.min(from + task.healsPerSecond(), keys.size()));
                first.accept(some);
                store.jobs().enqueue(some.stream().map(Auditor::request).toList());
                healed += some.size();
                rest(SECOND.multipliedBy(some.size()).dividedBy(task.healsPerSecond()));
            }
        }

        private void rest(Duration duration) {
            if (pause.test(duration)) {
                throw new IllegalStateException("the engine is closed, or the thread interrupted");
            }
        }
    }

    private static Finding finding(PublicationKind kind) {
        return switch (kind) {
            case CREATE -> Finding.MISSING;
            case UPDATE -> Finding.DIFFERS;
            case DELETE -> Finding.EXTRA;
        };
    }

    private static JobRequest request(SubjectKey key) {
        return new JobRequest(
                JobKey.ensurePublication(key.tenant(), key.machine(), key.id()),
                ChangedProperties.all(),
                Lane.BACKGROUND,
                List.of());
    }
}
