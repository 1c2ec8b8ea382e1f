package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.IdCodec;
import io.syncmachine.spi.Store;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * What every {@link EntitySource} promises, shown with customers: an entity class with an id of type Long and the properties
 * {@code firstName} and {@code lastName}. One that sees changes by itself passes {@link CapturingEntitySourceContract}.
 *
 * @param <C> the customer's class
 */
public abstract class EntitySourceContract<C> {

    static final String SUBJECT_OF_DELETED = "subject of ";
    static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    final Class<C> type;
    Store store;
    EntitySource source;

    /** With the customer's class. */
    protected EntitySourceContract(Class<C> type) {
        this.type = type;
    }

    /** A store without changes, not opened yet. Called once, before each test; the contract closes it. */
    protected abstract Store createStore() throws Exception;

    /** A source without customers that does not capture yet. Called once, before each test; the contract closes it. */
    protected abstract EntitySource createSource() throws Exception;

    /** Does changes in one transaction. The four methods below are called only in here, or in one that is rolled back. */
    protected abstract void transaction(Runnable changes) throws Exception;

    /** Does changes in one transaction, and rolls it back. */
    protected abstract void rolledBackTransaction(Runnable changes) throws Exception;

    /** Adds a customer. */
    protected abstract void createCustomer(long id, String firstName, String lastName);

    /** Changes a customer's names to these; they may be the ones that it has. */
    protected abstract void renameCustomer(long id, String firstName, String lastName);

    /** Removes a customer. */
    protected abstract void deleteCustomer(long id);

    /** The transaction of these changes, as it is given to {@link EntitySource#append}. */
    protected abstract Object currentTransaction();

    /** Changes a customer's first name in a transaction of {@link EntitySource#write}. */
    protected abstract void renameIn(Object transaction, C customer, String firstName);

    /** The customer's first name. */
    protected abstract String firstName(C customer);

    @BeforeEach
    final void begin() throws Exception {
        store = createStore();
        store.open(() -> {}, false);
        source = createSource();
    }

    @AfterEach
    final void end() {
        source.close();
        store.close();
    }

    @Nested
    class Describing {

        @Test
        void tellsNamesPropertiesAndIds() {
            EntityDescription<C, ?> description = source.describe(type);

            assertThat(description.type()).isEqualTo(type);
            assertThat(description.names()).isNotEmpty();
            assertThat(description.properties()).contains("firstName", "lastName");
            assertThat(description.idType()).isEqualTo(Long.class);
            assertThat(encodeAndDecode(description, 7L)).isEqualTo(7L);
        }

        private <ID> Object encodeAndDecode(EntityDescription<C, ID> description, Object id) {
            IdCodec<ID> codec = description.ids();
            return codec.decode(codec.encode(description.idType().cast(id)));
        }

        @Test
        void refusesAClassThatIsNoEntity() {
            assertThatThrownBy(() -> source.describe(StringBuilder.class))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("StringBuilder")
                    .hasMessageContaining(type.getSimpleName());
        }
    }

    @Nested
    class Reading {

        @Test
        void findsTheEntitiesThatExist() throws Exception {
            create(1, "Ada", "Lovelace");
            create(2, "Grace", "Hopper");

            assertThat(firstNames(List.of(1L, 2L, 3L))).containsOnly(Map.entry(1L, "Ada"), Map.entry(2L, "Grace"));
        }

        @Test
        void findsNothingWhereNothingIs() throws Exception {
            assertThat(firstNames(List.of(1L))).isEmpty();
            assertThat(firstNames(List.of())).isEmpty();
        }

        @Test
        void seesWhatWasCommittedLast() throws Exception {
            create(1, "Ada", "Byron");
            assertThat(firstNames(List.of(1L))).containsEntry(1L, "Ada");
            transaction(() -> renameCustomer(1, "Augusta", "Byron"));

            assertThat(firstNames(List.of(1L))).containsEntry(1L, "Augusta");

            transaction(() -> deleteCustomer(1));
            assertThat(firstNames(List.of(1L))).isEmpty();
        }

        @Test
        void doesNotSeeWhatWasRolledBack() throws Exception {
            rolledBackTransaction(() -> createCustomer(1, "Ada", "Lovelace"));

            assertThat(firstNames(List.of(1L))).isEmpty();
        }

        @Test
        void findsManyAtOnce() throws Exception {
            List<Long> ids = new ArrayList<>();
            for (long id = 1; id <= 300; id++) {
                ids.add(id);
            }
            transaction(() -> ids.forEach(id -> createCustomer(id, "name-" + id, "x")));

            assertThat(firstNames(ids)).hasSize(300).containsEntry(300L, "name-300");
        }

        @Test
        void answersWhatTheActionAnswers() throws Exception {
            assertThat(source.<C, Long, String>read(Change.DEFAULT_TENANT, type, List.of(1L), found -> "answer"))
                    .isEqualTo("answer");
            assertThat(source.<C, Long, String>read(Change.DEFAULT_TENANT, type, List.of(1L), found -> null))
                    .isNull();
        }

        @Test
        void throwsWhatTheActionThrows() {
            Exception thrown = new Exception("by the action");

            assertThatThrownBy(() -> source.read(Change.DEFAULT_TENANT, type, List.of(1L), found -> {
                        throw thrown;
                    }))
                    .isSameAs(thrown);
        }
    }

    @Nested
    class GoingThroughAll {

        private List<Long> page(@Nullable Long after, int limit) throws Exception {
            return source.ids(Change.DEFAULT_TENANT, type, after, limit);
        }

        @Test
        void findsNothingWhereNothingIs() throws Exception {
            assertThat(page(null, 10)).isEmpty();
            assertThat(source.<C, Long>count(Change.DEFAULT_TENANT, type)).isZero();
        }

        @Test
        void findsEachOnceInPages() throws Exception {
            transaction(() -> {
                for (long id = 1; id <= 25; id++) {
                    createCustomer(id * 3, "name-" + id, "x");
                }
            });

            List<Long> all = new ArrayList<>(page(null, 10));
            assertThat(all).hasSize(10);
            all.addAll(page(all.get(9), 10));
            assertThat(all).hasSize(20);
            all.addAll(page(all.get(19), 10));

            assertThat(all).hasSize(25).doesNotHaveDuplicates().allMatch(id -> id % 3 == 0 && id > 0 && id <= 75);
            assertThat(page(all.get(24), 10)).isEmpty();
            assertThat(page(null, 100)).isEqualTo(all);
            assertThat(source.<C, Long>count(Change.DEFAULT_TENANT, type)).isEqualTo(25);
        }

        @Test
        void goesOnAfterAnEntityThatIsGone() throws Exception {
            transaction(() -> {
                createCustomer(1, "Ada", "Lovelace");
                createCustomer(2, "Grace", "Hopper");
                createCustomer(3, "Mary", "Jackson");
            });
            List<Long> all = page(null, 10);

            transaction(() -> deleteCustomer(all.get(1)));

            assertThat(page(all.get(1), 10)).containsExactly(all.get(2));
            assertThat(page(null, 10)).containsExactly(all.get(0), all.get(2));
        }

        @Test
        void doesNotSeeWhatWasRolledBack() throws Exception {
            rolledBackTransaction(() -> createCustomer(1, "Ada", "Lovelace"));

            assertThat(page(null, 10)).isEmpty();
        }
    }

    @Nested
    class Writing {

        @Test
        void changesAnEntity() throws Exception {
            create(1, "Ada", "Byron");

            source.<C, Long>write(Change.DEFAULT_TENANT, type, 1L, (customer, transaction) -> {
                assertThat(customer).isNotNull();
                renameIn(transaction, Objects.requireNonNull(customer), "Augusta");
            });

            assertThat(firstNames(List.of(1L))).containsEntry(1L, "Augusta");
        }

        @Test
        void tellsThatAnEntityDoesNotExist() throws Exception {
            List<Boolean> existed = new ArrayList<>();

            source.<C, Long>write(
                    Change.DEFAULT_TENANT, type, 1L, (customer, transaction) -> existed.add(customer != null));

            assertThat(existed).containsExactly(false);
        }

        @Test
        void isRolledBackWhereItFails() throws Exception {
            create(1, "Ada", "Byron");
            capture("firstName", "lastName");
            Exception thrown = new Exception("by the action");

            assertThatThrownBy(() -> source.<C, Long>write(Change.DEFAULT_TENANT, type, 1L, (customer, transaction) -> {
                        renameIn(transaction, Objects.requireNonNull(customer), "Augusta");
                        throw thrown;
                    }))
                    .isSameAs(thrown);

            assertThat(firstNames(List.of(1L))).containsEntry(1L, "Ada");
            assertThat(captured()).isEmpty();
        }

        @Test
        void takesOwnEventsAlong() throws Exception {
            create(1, "Ada", "Byron");
            capture("firstName", "lastName");
            Change told = new Change(
                    Change.DEFAULT_TENANT,
                    "told",
                    "1",
                    ChangeKind.TOLD,
                    ChangedProperties.all(),
                    Set.of("customers"),
                    null);

            source.<C, Long>write(
                    Change.DEFAULT_TENANT,
                    type,
                    1L,
                    (customer, transaction) -> source.append(transaction, List.of(told)));

            assertThat(captured()).containsExactly(told);
        }
    }

    @Nested
    class Telling {

        @Test
        void knowsWhichEntityAnObjectIs() throws Exception {
            create(1, "Ada", "Lovelace");
            source.<C, Long, Boolean>read(Change.DEFAULT_TENANT, type, List.of(1L), found -> {
                EntityReference reference = source.refer(null, Objects.requireNonNull(found.get(1L)));
                assertThat(source.describe(type).names()).contains(reference.type());
                assertThat(reference.id()).isEqualTo("1");
                return true;
            });
        }

        @Test
        void refusesAnObjectThatIsNoEntity() {
            assertThatThrownBy(() -> source.refer(null, Thread.currentThread()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Thread");
        }

        @Test
        void keepsWhatIsToldAtOnceWithoutATransaction() {
            captureNothing();
            source.append(null, List.of(told("1"), told("2")));

            assertThat(captured()).containsExactlyInAnyOrder(told("1"), told("2"));
        }

        @Test
        void commitsWhatIsToldWithItsTransaction() throws Exception {
            captureNothing();
            transaction(() -> {
                source.append(currentTransaction(), List.of(told("1")));
                source.append(currentTransaction(), List.of(told("2")));
                assertThat(store.outbox().depth()).isZero();
            });

            assertThat(captured()).containsExactlyInAnyOrder(told("1"), told("2"));
        }

        @Test
        void forgetsWhatIsToldWithItsTransaction() throws Exception {
            captureNothing();
            rolledBackTransaction(() -> source.append(currentTransaction(), List.of(told("1"))));

            assertThat(captured()).isEmpty();
        }

        @Test
        void refusesATransactionOfAnUnknownKind() {
            captureNothing();
            assertThatThrownBy(() -> source.append("a string", List.of(told("1"))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("java.lang.String");
            assertThat(captured()).isEmpty();
        }

        @Test
        void refusesToTellBeforeItCapturesAndAfterItIsClosed() {
            assertThatThrownBy(() -> source.append(null, List.of(told("1")))).isInstanceOf(IllegalStateException.class);
            captureNothing();
            source.close();
            assertThatThrownBy(() -> source.append(null, List.of(told("1")))).isInstanceOf(IllegalStateException.class);
            assertThat(captured()).isEmpty();
        }

        @Test
        void capturesForOneEngineAtATime() {
            captureNothing();
            assertThatThrownBy(Telling.this::captureNothing).isInstanceOf(IllegalStateException.class);
        }

        private void captureNothing() {
            source.capture(new FakeListener(Set.of(), Set.of()), store);
        }

        private Change told(String id) {
            return new Change(
                    Change.DEFAULT_TENANT,
                    source.describe(type).name(),
                    id,
                    ChangeKind.TOLD,
                    ChangedProperties.all(),
                    Set.of("customers"));
        }
    }

    final void capture(String... properties) {
        source.capture(new FakeListener(source.describe(type).names(), Set.of(properties)), store);
    }

    final void create(long id, String firstName, String lastName) throws Exception {
        transaction(() -> createCustomer(id, firstName, lastName));
    }

    final Map<Long, String> firstNames(Collection<Long> ids) throws Exception {
        Map<Long, String> names = new ConcurrentHashMap<>();
        source.<C, Long, Boolean>read(Change.DEFAULT_TENANT, type, ids, found -> {
            found.forEach((id, customer) -> names.put(id, firstName(customer)));
            return true;
        });
        return names;
    }

    /** All captured changes, which are taken out of the store. */
    final List<Change> captured() {
        List<Change> changes = new ArrayList<>();
        int taken = 1;
        while (taken > 0) {
            taken = store.outbox()
                    .relay(
                            1_000,
                            more -> {
                                changes.addAll(more);
                                return List.of();
                            },
                            store.jobs());
        }
        return changes;
    }

    /** Listens for one machine to some properties of some types. */
    final class FakeListener implements ChangeListener {

        private final Set<String> types;
        private final Set<String> properties;

        FakeListener(Set<String> types, Set<String> properties) {
            this.types = types;
            this.properties = properties;
        }

        @Override
        public boolean listensTo(String type) {
            return types.contains(type);
        }

        @Override
        public Set<String> concerned(String type, ChangeKind kind, Collection<String> properties) {
            Set<String> relevant = new TreeSet<>(properties);
            relevant.retainAll(this.properties);
            boolean concerned = listensTo(type) && (kind != ChangeKind.UPDATE || !relevant.isEmpty());
            return concerned ? Set.of("customers") : Set.of();
        }

        @Override
        public @Nullable String trace() {
            return TRACE;
        }

        @Override
        public Set<String> findersOf(String type) {
            return listensTo(type) ? Set.of("customers") : Set.of();
        }

        @Override
        public List<Change> subjectsOf(
                String machine, String tenant, String type, ChangeKind kind, Object entity, ChangedProperties changed) {
            String name = firstName(EntitySourceContract.this.type.cast(entity));
            return List.of(new Change(
                    tenant,
                    "#subject",
                    SUBJECT_OF_DELETED + name,
                    ChangeKind.UPDATE,
                    ChangedProperties.all(),
                    Set.of("customers")));
        }
    }
}
