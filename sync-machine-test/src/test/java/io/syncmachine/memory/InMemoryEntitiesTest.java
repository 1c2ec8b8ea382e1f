package io.syncmachine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.memory.InMemoryEntitiesTest.Customer;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.Store;
import io.syncmachine.test.CapturingEntitySourceContract;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class InMemoryEntitiesTest extends CapturingEntitySourceContract<Customer> {

    record Customer(long id, String firstName, String lastName) {}

    private final InMemoryEntities entities = InMemoryEntities.create().type(Customer.class, Long.class, Customer::id);
    private InMemoryEntities.@Nullable Transaction current;

    InMemoryEntitiesTest() {
        super(Customer.class);
    }

    @Override
    protected Store createStore() {
        return InMemoryStore.create();
    }

    @Override
    protected EntitySource createSource() {
        return entities;
    }

    @Override
    protected void transaction(Runnable changes) {
        entities.transaction(transaction -> within(transaction, changes));
    }

    @Override
    protected void rolledBackTransaction(Runnable changes) {
        assertThatThrownBy(() -> entities.transaction(transaction -> {
                    within(transaction, changes);
                    throw new IllegalStateException("rolled back");
                }))
                .hasMessage("rolled back");
    }

    private void within(InMemoryEntities.Transaction transaction, Runnable changes) {
        current = transaction;
        changes.run();
    }

    @Override
    protected InMemoryEntities.Transaction currentTransaction() {
        return Objects.requireNonNull(current, "changes are made in a transaction");
    }

    @Override
    protected void createCustomer(long id, String firstName, String lastName) {
        currentTransaction().save(new Customer(id, firstName, lastName));
    }

    @Override
    protected void renameCustomer(long id, String firstName, String lastName) {
        createCustomer(id, firstName, lastName);
    }

    @Override
    protected void deleteCustomer(long id) {
        currentTransaction().delete(Customer.class, id);
    }

    @Override
    protected void renameIn(Object transaction, Customer customer, String firstName) {
        ((InMemoryEntities.Transaction) transaction).save(new Customer(customer.id(), firstName, customer.lastName()));
    }

    @Override
    protected String firstName(Customer customer) {
        return customer.firstName();
    }

    static class Animal {
        static int count;
        final @Nullable Integer id;
        String name;
        transient String nickname = "";

        Animal(@Nullable Integer id, String name) {
            this.id = id;
            this.name = name;
        }
    }

    static final class Dog extends Animal {
        final int[] walks;

        Dog(@Nullable Integer id, String name, int... walks) {
            super(id, name);
            this.walks = walks;
        }
    }

    @Nested
    class Types {

        private final InMemoryEntities animals = InMemoryEntities.create()
                .type(Animal.class, Integer.class, animal -> animal.id)
                .type(Dog.class, Integer.class, dog -> dog.id);

        @Test
        void areReadTogetherWithTheirSubclasses() throws Exception {
            animals.save(new Animal(1, "Tiger"), new Dog(2, "Rex", 7));

            assertThat(animals.describe(Animal.class).names()).containsExactlyInAnyOrder("Animal", "Dog");
            assertThat(animals.all(Animal.class)).hasSize(2);
            assertThat(animals.all(Dog.class)).hasSize(1);
            assertThat(animals.<Animal, Integer, Object>read(
                            Change.DEFAULT_TENANT, Animal.class, List.of(1, 2), found -> List.copyOf(found.keySet())))
                    .isEqualTo(List.of(1, 2));
        }

        @Test
        void haveTheirFieldsAsProperties() {
            assertThat(animals.describe(Dog.class).properties()).containsExactlyInAnyOrder("id", "name", "walks");
        }

        @Test
        void areComparedByValueAndNoticeAChangedObject() {
            RecordingStore recording = new RecordingStore(animals);
            Dog dog = new Dog(2, "Rex", 7, 8);
            animals.save(dog);
            animals.save(new Dog(2, "Rex", 7, 8));
            recording.taken();

            dog.name = "Max";
            animals.save(dog);
            dog.name = "Moritz";
            animals.save(dog);

            assertThat(recording.taken())
                    .extracting(Change::changed)
                    .containsExactly(ChangedProperties.of(List.of("name")), ChangedProperties.of(List.of("name")));
        }

        @Test
        void haveDifferentNames() {
            assertThatThrownBy(() -> animals.type(Dog.class, Integer.class, dog -> dog.id))
                    .hasMessageContaining("Dog");
        }

        @Test
        void mustBeRegistered() {
            assertThatThrownBy(() -> animals.save(new Customer(1, "Ada", "Lovelace")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Customer")
                    .hasMessageContaining("[Animal, Dog]");
        }

        @Test
        void haveIdsOfTheirIdType() {
            assertThatThrownBy(() -> animals.delete(Dog.class, 1L)).hasMessageContaining("java.lang.Integer");
            assertThatThrownBy(() -> animals.save(new Dog(null, "Rex"))).hasMessageContaining("must have an id");
        }
    }

    @Nested
    class ATransaction {

        @Test
        void tellsOfEachEntityOnce() {
            RecordingStore recording = new RecordingStore(entities);
            entities.transaction(changes -> changes.save(new Customer(1, "Ada", "Byron"))
                    .save(new Customer(1, "Ada", "Lovelace"))
                    .save(new Customer(2, "Grace", "Hopper"))
                    .delete(Customer.class, 2L));

            assertThat(recording.taken()).extracting(Change::id).containsExactly("1");
            assertThat(entities.find(Customer.class, 1L)).contains(new Customer(1, "Ada", "Lovelace"));
            assertThat(entities.find(Customer.class, 2L)).isEmpty();
        }

        @Test
        void asksForAResyncIfAFinderFailsForADeletedEntity() {
            entities.save(new Customer(1, "Ada", "Lovelace"), new Customer(2, "Grace", "Hopper"));
            RecordingStore recording = new RecordingStore(entities, new IllegalStateException("finder"));

            entities.transaction(
                    changes -> changes.save(new Customer(2, "Grace", "H.")).delete(Customer.class, 1L));

            assertThat(recording.taken())
                    .contains(Change.resync(Change.DEFAULT_TENANT, Set.of("m"), null))
                    .hasSize(3);
            assertThat(entities.all(Customer.class)).containsExactly(new Customer(2, "Grace", "H."));
        }

        @Test
        void isCapturedByOneEngineAtATime() {
            new RecordingStore(entities);

            assertThatThrownBy(() -> new RecordingStore(entities)).isInstanceOf(IllegalStateException.class);

            entities.close();
            new RecordingStore(entities);
        }
    }

    /** Listens to everything, and keeps what is captured. */
    private static final class RecordingStore implements ChangeListener {

        private final Store store = InMemoryStore.create();
        private final @Nullable Exception finderFailure;

        RecordingStore(InMemoryEntities entities) {
            this(entities, null);
        }

        RecordingStore(InMemoryEntities entities, @Nullable Exception finderFailure) {
            this.finderFailure = finderFailure;
            entities.capture(this, store);
        }

        List<Change> taken() {
            List<Change> taken = new ArrayList<>();
            store.outbox()
                    .relay(
                            100,
                            changes -> {
                                taken.addAll(changes);
                                return List.of();
                            },
                            store.jobs());
            return taken;
        }

        @Override
        public boolean listensTo(String type) {
            return true;
        }

        @Override
        public Set<String> concerned(String type, ChangeKind kind, Collection<String> properties) {
            return Set.of("m");
        }

        @Override
        public @Nullable String trace() {
            return null;
        }

        @Override
        public Set<String> findersOf(String type) {
            return Set.of("m");
        }

        @Override
        public List<Change> subjectsOf(
                String machine, String tenant, String type, ChangeKind kind, Object entity, ChangedProperties changed)
                throws Exception {
            if (finderFailure != null) {
                throw finderFailure;
            }
            return List.of();
        }
    }
}
