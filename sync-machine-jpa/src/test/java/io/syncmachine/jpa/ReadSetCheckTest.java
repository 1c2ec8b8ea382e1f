package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ReadPolicy;
import io.syncmachine.ReadSet;
import io.syncmachine.SyncMachine;
import io.syncmachine.SyncMachine.Listening;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.jpa.PathModel.Bank;
import io.syncmachine.jpa.PathModel.Country;
import io.syncmachine.jpa.PathModel.Customer;
import io.syncmachine.jpa.PathModel.Line;
import io.syncmachine.jpa.PathModel.Parcel;
import io.syncmachine.jpa.PathModel.Product;
import io.syncmachine.jpa.PathModel.Transfer;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.test.ReadSetCheck;
import io.syncmachine.testing.TestDatabase;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What documents read is found out, and compared with what is declared. */
class ReadSetCheckTest {

    private final TestDatabase database = TestDatabase.create();
    private final Unit unit = Unit.of(database, PathModel.ENTITIES);
    private final JpaEntities entities = JpaEntities.of(unit.factory);

    @BeforeEach
    void createAParcel() {
        unit.inTransaction(manager -> {
            Country country = new Country();
            country.id = "SE";
            country.name = "Sweden";
            manager.persist(country);
            Customer customer = new Customer();
            customer.id = 1L;
            customer.name = "Ann";
            customer.home = new PathModel.Address();
            customer.home.city = "Lund";
            customer.home.country = country;
            manager.persist(customer);
            Customer other = new Customer();
            other.id = 2L;
            other.name = "Bob";
            manager.persist(other);
            Product product = new Product();
            product.id = 1L;
            product.name = "tea";
            manager.persist(product);
            Parcel parcel = new Parcel();
            parcel.id = 1L;
            parcel.customer = customer;
            parcel.tags.add("red");
            Parcel parent = new Parcel();
            parent.id = 2L;
            parent.customer = customer;
            manager.persist(parent);
            parcel.parent = parent;
            Bank bank = new Bank();
            bank.id = 1L;
            bank.name = "B";
            manager.persist(bank);
            Transfer transfer = new Transfer();
            transfer.id = 1L;
            transfer.bank = bank;
            manager.persist(transfer);
            parcel.payment = transfer;
            manager.persist(parcel);
            Line line = new Line();
            line.id = 1L;
            line.quantity = 3;
            line.parcel = parcel;
            line.product = product;
            manager.persist(line);
        });
    }

    @AfterEach
    void close() {
        unit.close();
        database.close();
    }

    private static SyncMachine<Parcel, Long> machine(
            CheckedFunction<Parcel, Object> builder, UnaryOperator<Listening<Parcel, Long>> declaration) {
        return declaration
                .apply(SyncMachine.define("parcels", Parcel.class, Long.class))
                .build(builder)
                .publish((parcel, document) -> {})
                .done();
    }

    private ReadSetCheck<Long> check(
            CheckedFunction<Parcel, Object> builder, UnaryOperator<Listening<Parcel, Long>> declaration) {
        return ReadSetCheck.of(entities, machine(builder, declaration));
    }

    private static String customersName(Parcel parcel) {
        return parcel.customer == null ? "" : PathModel.real(parcel.customer).name;
    }

    @Test
    void whatIsReadByFieldsAndMethodsIsFound() {
        ReadSet reads = check(
                        parcel -> List.of(
                                parcel.status,
                                parcel.customer == null ? "" : parcel.customer.show(),
                                parcel.lines.stream().map(Line::show).toList()),
                        listening -> listening.reads("status"))
                .readSet(List.of(1L));
        assertThat(reads.read())
                .containsExactly(
                        "customer",
                        "customer.home.city",
                        "customer.home.country",
                        "customer.home.country.name",
                        "customer.name",
                        "lines",
                        "lines.product",
                        "lines.product.category",
                        "lines.product.name",
                        "lines.quantity",
                        "status");
    }

    @Test
    void coveredReadsPass() {
        check(
                        parcel -> List.of(parcel.status, customersName(parcel), parcel.tags),
                        listening -> listening.reads("status", "customer.name", "tags"))
                .assertCovered(1L, 2L);
    }

    @Test
    void uncoveredReadsFailWithTheDeclarationThatCoversThem() {
        assertThatThrownBy(() -> check(
                                parcel -> List.of(parcel.status, customersName(parcel), parcel.tags),
                                listening -> listening.reads("status"))
                        .assertCovered(1L))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("machine 'parcels'")
                .hasMessageContaining("customer.name")
                .hasMessageContaining(".reads(\"customer.name\", \"tags\")");
    }

    @Test
    void whatIsIgnoredPasses() {
        check(
                        parcel -> List.of(parcel.status, customersName(parcel)),
                        listening -> listening.reads("status").reads(ReadPolicy.IGNORED, "customer.name"))
                .assertCovered(1L);
    }

    @Test
    void listenersCoverWhatTheyListenTo() {
        check(
                        parcel -> List.of(parcel.status, customersName(parcel)),
                        listening -> listening
                                .listenTo(Parcel.class, "status", "customer")
                                .listenTo(Customer.class, Set.of("name"), customer -> List.of()))
                .assertCovered(1L);
        assertThatThrownBy(() -> check(
                                parcel -> List.of(parcel.status, customersName(parcel)),
                                listening -> listening
                                        .listenTo(Parcel.class, "status")
                                        .listenTo(Customer.class, Set.of("unread"), customer -> List.of()))
                        .assertCovered(1L))
                .hasMessageContaining("customer.name");
    }

    /** The same customer by two ways: each has to be declared. */
    @Test
    void whatIsReachedOnTwoWaysIsToldApart() {
        assertThatThrownBy(() -> check(
                                parcel -> customersName(parcel)
                                        + (parcel.parent == null ? "" : customersName(PathModel.real(parcel.parent))),
                                listening -> listening.reads("customer.name"))
                        .assertCovered(1L))
                .hasMessageContaining(".reads(\"parent.customer.name\")");
    }

    @Test
    void whatOnlyDecidesIsFound() {
        CheckedFunction<Parcel, Object> builder =
                parcel -> parcel.unread.isEmpty() || parcel.tags.contains("red") ? "red" : "other";
        assertThatThrownBy(() -> check(builder, listening -> listening).assertCovered(1L))
                .hasMessageContaining(".reads(\"tags\", \"unread\")");
    }

    @Test
    void whatPublishWhenReadsIsFound() {
        assertThatThrownBy(() -> check(
                                parcel -> "",
                                listening -> listening
                                        .reads("tags")
                                        .publishWhen(
                                                parcel -> !parcel.status.equals("draft") && parcel.customer != null))
                        .assertCovered(1L))
                .hasMessageContaining("\"customer\"");
    }

    @Test
    void subclassesAreLookedInto() {
        assertThatThrownBy(() -> check(
                                parcel -> parcel.payment == null
                                        ? ""
                                        : PathModel.real(parcel.payment).show(),
                                listening -> listening.reads("payment.paid"))
                        .assertCovered(1L))
                .hasMessageContaining(".reads(\"payment.bank.name\")");
    }

    @Test
    void whatNoSubjectHasIsSaid() {
        assertThatThrownBy(() -> check(
                                parcel -> parcel.cover == null ? "" : PathModel.real(parcel.cover).color,
                                listening -> listening.reads("cover.color"))
                        .assertCovered(1L))
                .hasMessageContaining("documents depend on cover, of which no subject given has any");
    }

    @Test
    void queriesAreSaid() {
        String query = "select count(p) from Product p";
        ReadSetCheck<Long> check = check(
                parcel -> {
                    try (var manager = unit.factory.createEntityManager()) {
                        return manager.createQuery(query, Long.class).getSingleResult();
                    }
                },
                listening -> listening);
        assertThatThrownBy(() -> check.assertCovered(1L)).hasMessageContaining(query);
        check.allowingQuery(query).assertCovered(1L);
    }

    @Test
    void whatCannotBeProbedIsSaid() {
        assertThatThrownBy(() -> check(parcel -> System.nanoTime(), listening -> listening)
                        .assertCovered(1L))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a copy of 1 makes another document");
        assertThatThrownBy(() -> check(parcel -> "", listening -> listening).assertCovered(1L, 99L))
                .hasMessageContaining("there are only [1]");
        assertThatThrownBy(() -> ReadSetCheck.of(
                                InMemoryEntities.create().type(Parcel.class, Long.class, parcel -> parcel.id),
                                machine(parcel -> "", listening -> listening))
                        .assertCovered(1L))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("InMemoryEntities");
    }

    @Test
    void nothingIsWritten() {
        check(Parcel::document, listening -> listening.reads(PathModel.PATHS)).readSet(List.of(1L));
        assertThat(database.number("select count(*) from parcel where status = 'new'"))
                .isEqualTo(2);
        assertThat(unit.factory.getStatistics().isStatisticsEnabled()).isFalse();
    }
}
