package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.EntitySource;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * What an {@link EntitySource} promises that sees changes by itself, besides what {@linkplain EntitySourceContract every one} does.
 *
 * @param <C> the customer's class
 */
public abstract class CapturingEntitySourceContract<C> extends EntitySourceContract<C> {

    /** With the customer's class. */
    protected CapturingEntitySourceContract(Class<C> type) {
        super(type);
    }

    @Nested
    class Capturing {

        @Test
        void seesACreation() throws Exception {
            capture("firstName", "lastName");
            create(1, "Ada", "Lovelace");

            Change change = captured().get(0);

            assertThat(change.tenant()).isEqualTo(Change.DEFAULT_TENANT);
            assertThat(source.describe(type).names()).contains(change.type());
            assertThat(change.id()).isEqualTo("1");
            assertThat(change.kind()).isEqualTo(ChangeKind.CREATE);
            assertThat(change.changed().contains("firstName")).isTrue();
            assertThat(change.machines()).containsExactly("customers");
            assertThat(change.changed().isCreated()).isTrue();
            assertThat(change.trace()).isEqualTo(TRACE);
        }

        @Test
        void seesAnUpdateAndItsProperties() throws Exception {
            create(1, "Ada", "Byron");
            capture("firstName", "lastName");
            transaction(() -> renameCustomer(1, "Ada", "Lovelace"));

            List<Change> changes = captured();

            assertThat(changes).hasSize(1);
            assertThat(changes.get(0).kind()).isEqualTo(ChangeKind.UPDATE);
            assertThat(changes.get(0).id()).isEqualTo("1");
            assertThat(changes.get(0).changed()).isEqualTo(ChangedProperties.of(Set.of("lastName")));
        }

        @Test
        void seesADeletionAndTheSubjectsOfTheDeleted() throws Exception {
            create(1, "Ada", "Lovelace");
            capture("firstName");
            transaction(() -> deleteCustomer(1));

            List<Change> changes = captured();

            assertThat(changes)
                    .extracting(Change::kind, Change::id)
                    .containsExactlyInAnyOrder(
                            tuple(ChangeKind.DELETE, "1"), tuple(ChangeKind.UPDATE, SUBJECT_OF_DELETED + "Ada"));
        }

        @Test
        void leavesOutPropertiesThatConcernNobody() throws Exception {
            create(1, "Ada", "Byron");
            capture("firstName");
            transaction(() -> renameCustomer(1, "Ada", "Lovelace"));

            assertThat(captured()).isEmpty();
        }

        @Test
        void leavesOutWhatDidNotChange() throws Exception {
            create(1, "Ada", "Lovelace");
            capture("firstName", "lastName");
            transaction(() -> renameCustomer(1, "Ada", "Lovelace"));

            assertThat(captured()).isEmpty();
        }

        @Test
        void leavesOutTypesThatNobodyListensTo() throws Exception {
            source.capture(new FakeListener(Set.of(), Set.of()), store);
            create(1, "Ada", "Lovelace");

            assertThat(captured()).isEmpty();
        }

        @Test
        void seesNothingOfWhatIsRolledBack() throws Exception {
            create(1, "Ada", "Byron");
            capture("firstName", "lastName");
            rolledBackTransaction(() -> {
                renameCustomer(1, "Ada", "Lovelace");
                createCustomer(2, "Grace", "Hopper");
            });

            assertThat(captured()).isEmpty();
        }

        @Test
        void seesAllChangesOfATransaction() throws Exception {
            create(1, "Ada", "Byron");
            create(2, "Grace", "Hopper");
            capture("firstName", "lastName");
            transaction(() -> {
                renameCustomer(1, "Ada", "Lovelace");
                createCustomer(3, "Edith", "Clarke");
                renameCustomer(2, "Amazing Grace", "Hopper");
            });

            assertThat(captured())
                    .extracting(Change::id, Change::kind)
                    .containsExactlyInAnyOrder(
                            tuple("1", ChangeKind.UPDATE),
                            tuple("3", ChangeKind.CREATE),
                            tuple("2", ChangeKind.UPDATE));
        }

        @Test
        void seesWhatIsCommittedOnlyThen() throws Exception {
            capture("firstName", "lastName");
            transaction(() -> {
                createCustomer(1, "Ada", "Lovelace");
                assertThat(store.outbox().depth()).isZero();
            });

            assertThat(store.outbox().depth()).isEqualTo(1);
        }

        @Test
        void doesNotSeeWhatHappenedBefore() throws Exception {
            create(1, "Ada", "Lovelace");
            capture("firstName", "lastName");

            assertThat(captured()).isEmpty();
        }

        @Test
        void endsWhenTheSourceIsClosed() throws Exception {
            create(1, "Ada", "Byron");
            capture("firstName", "lastName");
            source.close();
            transaction(() -> renameCustomer(1, "Ada", "Lovelace"));

            assertThat(captured()).isEmpty();
        }

        @Test
        void seesWhatIsWrittenThroughTheSource() throws Exception {
            create(1, "Ada", "Byron");
            capture("firstName", "lastName");

            source.<C, Long>write(
                    Change.DEFAULT_TENANT,
                    type,
                    1L,
                    (customer, transaction) -> renameIn(transaction, Objects.requireNonNull(customer), "Augusta"));

            assertThat(captured())
                    .hasSize(1)
                    .allSatisfy(change -> assertThat(change.id()).isEqualTo("1"));
        }
    }
}
