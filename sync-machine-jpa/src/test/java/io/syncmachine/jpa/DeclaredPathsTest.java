package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangedProperties;
import io.syncmachine.PathsExplanation;
import io.syncmachine.ReadPolicy;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.SyncMachine.Listening;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.PathModel.Bank;
import io.syncmachine.jpa.PathModel.Box;
import io.syncmachine.jpa.PathModel.Campaign;
import io.syncmachine.jpa.PathModel.Customer;
import io.syncmachine.jpa.PathModel.Line;
import io.syncmachine.jpa.PathModel.Parcel;
import io.syncmachine.jpa.PathModel.Product;
import io.syncmachine.jpa.PathModel.Weighing;
import io.syncmachine.jpa.PathModel.WeighingId;
import io.syncmachine.spi.DerivedPaths;
import io.syncmachine.spi.DerivedPaths.Edge;
import io.syncmachine.test.ManualThreads;
import io.syncmachine.testing.CountingDataSource;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.hibernate.annotations.Formula;
import org.hibernate.annotations.SQLRestriction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is derived from declared paths, what cannot be, and how subjects are found by them. */
class DeclaredPathsTest {

    private final TestDatabase database = TestDatabase.create();
    private final List<Class<?>> classes = new ArrayList<>(List.of(PathModel.ENTITIES));

    {
        classes.add(Odd.class);
        classes.add(Hidden.class);
    }

    private final Unit unit = Unit.of(database, classes.toArray(Class<?>[]::new));
    private final ManualThreads threads = ManualThreads.create();
    private final List<Object> published = new CopyOnWriteArrayList<>();
    private @Nullable SyncEngine engine;

    /** What cannot be derived. */
    @Entity(name = "Odd")
    static class Odd {
        @Id
        Long id;

        @Formula("id * 2")
        @Nullable
        Long twice;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Hidden hidden;

        @OneToMany(mappedBy = "odd")
        @SQLRestriction("gone = false")
        Set<Hidden> some = new HashSet<>();
    }

    @Entity(name = "Hidden")
    @SQLRestriction("gone = false")
    static class Hidden {
        @Id
        Long id;

        boolean gone;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Odd odd;
    }

    @AfterEach
    void close() {
        if (engine != null) {
            engine.close();
        }
        unit.close();
        database.close();
    }

    private SyncMachine<Parcel, Long> parcels(UnaryOperator<Listening<Parcel, Long>> declaration) {
        return declaration
                .apply(SyncMachine.define("parcels", Parcel.class, Long.class))
                .build(Parcel::document)
                .publish(publication -> {
                    published.add(publication.id());
                })
                .onDelete(id -> {
                    published.add("delete " + id);
                })
                .done();
    }

    private SyncEngine start(SyncMachine<?, ?>... machines) {
        SyncEngine started = SyncEngine.builder()
                .machines(machines)
                .entities(JpaEntities.of(unit.factory))
                .store(JdbcStore.builder(database.dataSource())
                        .schemaMode(SchemaMode.CREATE)
                        .build())
                .threads(threads)
                .start();
        engine = started;
        return started;
    }

    private void inTransaction(Consumer<EntityManager> work) {
        unit.inTransaction(work);
    }

    /** What is published after a transaction. */
    private Set<Object> published(Consumer<EntityManager> work) {
        published.clear();
        inTransaction(work);
        threads.runAll();
        return new HashSet<>(published);
    }

    private static Parcel parcel(EntityManager manager, long id) {
        Parcel parcel = new Parcel();
        parcel.id = id;
        manager.persist(parcel);
        return parcel;
    }

    private static Customer customer(EntityManager manager, long id) {
        Customer customer = new Customer();
        customer.id = id;
        customer.name = "c" + id;
        manager.persist(customer);
        return customer;
    }

    private static Line line(EntityManager manager, long id, Parcel parcel, @Nullable Product product) {
        Line line = new Line();
        line.id = id;
        line.parcel = parcel;
        line.product = product;
        manager.persist(line);
        return line;
    }

    @Test
    void aRenamedCustomersParcelsAreFound() {
        start(parcels(listening -> listening.reads("status", "customer.name")));
        published(manager -> {
            Customer ann = customer(manager, 7);
            parcel(manager, 1).customer = ann;
            parcel(manager, 2).customer = ann;
            parcel(manager, 3);
        });

        assertThat(published(manager -> manager.find(Customer.class, 7L).name = "Ann"))
                .containsExactlyInAnyOrder(1L, 2L);
        assertThat(published(manager -> manager.find(Customer.class, 7L).unread = "x"))
                .isEmpty();
        assertThat(published(manager -> manager.find(Parcel.class, 1L).unread = "x"))
                .isEmpty();
    }

    @Test
    void aMovedLineRefreshesBothParcels() {
        start(parcels(listening -> listening.reads("lines.quantity")));
        published(manager -> line(manager, 1, parcel(manager, 1), null));
        published(manager -> parcel(manager, 2));

        assertThat(published(manager -> manager.find(Line.class, 1L).parcel = manager.getReference(Parcel.class, 2L)))
                .containsExactlyInAnyOrder(1L, 2L);
    }

    @Test
    void aDeletedLineRefreshesItsParcel() {
        start(parcels(listening -> listening.reads("lines.quantity")));
        published(manager -> line(manager, 1, parcel(manager, 1), null));

        assertThat(published(manager -> manager.remove(manager.getReference(Line.class, 1L))))
                .containsExactly(1L);
    }

    /** Also where Hibernate knows nothing of the parcel: neither is loaded. */
    @Test
    void aDeletedOrTakenBoxRefreshesItsParcel() {
        start(parcels(listening -> listening.reads("boxes.size")));
        published(manager -> {
            Box box = new Box();
            box.id = 1L;
            manager.persist(box);
            parcel(manager, 1).boxes.add(box);
            parcel(manager, 2);
        });

        assertThat(published(manager -> manager.find(Parcel.class, 2L).boxes.add(manager.getReference(Box.class, 1L))))
                .containsExactlyInAnyOrder(1L, 2L);
        assertThat(published(manager -> manager.remove(manager.find(Box.class, 1L))))
                .containsExactly(2L);
    }

    @Test
    void aDeletedCampaignRefreshesItsParcels() {
        start(parcels(listening -> listening.reads("campaigns.name")));
        published(manager -> {
            Campaign campaign = new Campaign();
            campaign.id = 1L;
            campaign.name = "spring";
            campaign.parcels.add(parcel(manager, 1));
            campaign.parcels.add(parcel(manager, 2));
            parcel(manager, 3);
            manager.persist(campaign);
        });

        assertThat(published(manager -> manager.remove(manager.find(Campaign.class, 1L))))
                .containsExactlyInAnyOrder(1L, 2L);
    }

    /** Only that one, and not all others of the campaign: these are not even looked for. */
    @Test
    void aParcelThatComesToACampaignIsFoundAlone() {
        start(parcels(listening -> listening.reads("campaigns.name")));
        published(manager -> {
            Campaign campaign = new Campaign();
            campaign.id = 1L;
            campaign.parcels.add(parcel(manager, 1));
            parcel(manager, 2);
            manager.persist(campaign);
        });
        long runs = database.number("select count(*) from sync_machine_journal");
        assertThat(published(manager ->
                        manager.find(Campaign.class, 1L).parcels.add(manager.getReference(Parcel.class, 2L))))
                .containsExactly(2L);
        assertThat(database.number("select count(*) from sync_machine_journal")).isEqualTo(runs + 1);
    }

    @Test
    void aMachineMayHaveBothListenersAndPaths() {
        start(parcels(listening -> listening
                .listenTo(Parcel.class, "tags")
                .listenTo(Customer.class, Set.of("unread"), customer -> List.of(2L))
                .reads("status", "customer.name")));
        published(manager -> {
            parcel(manager, 1).customer = customer(manager, 7);
            parcel(manager, 2);
        });

        assertThat(published(manager -> manager.find(Parcel.class, 2L).tags.add("red")))
                .containsExactly(2L);
        assertThat(published(manager -> manager.find(Parcel.class, 2L).status = "sent"))
                .containsExactly(2L);
        assertThat(published(manager -> manager.find(Customer.class, 7L).name = "Ann"))
                .containsExactly(1L);
        long runs = database.number("select count(*) from sync_machine_journal");
        published(manager -> manager.find(Customer.class, 7L).unread = "x");
        assertThat(database.number("select count(*) from sync_machine_journal")).isEqualTo(runs + 1);
    }

    @Test
    void pacedPathsWaitInTheBackground() {
        SyncMachine<Parcel, Long> machine =
                parcels(listening -> listening.reads("status").reads(ReadPolicy.PACED, "customer.name"));
        start(machine);
        published(manager -> parcel(manager, 1).customer = customer(manager, 7));
        requireEngine().pause(machine, "to look at the jobs");
        published(manager -> manager.find(Customer.class, 7L).name = "Ann");
        assertThat(lanes()).containsExactly("1 BACKGROUND", "0 LIVE");
        published(manager -> manager.find(Parcel.class, 1L).status = "sent");
        assertThat(lanes()).containsExactly("0 BACKGROUND", "1 LIVE");
    }

    private SyncEngine requireEngine() {
        return java.util.Objects.requireNonNull(engine);
    }

    private List<String> lanes() {
        return List.of(
                database.number("select count(*) from sync_machine_job where lane = 1") + " BACKGROUND",
                database.number("select count(*) from sync_machine_job where lane = 0") + " LIVE");
    }

    @Test
    void ignoredPathsDoNotCount() {
        start(parcels(listening -> listening.reads("status").reads(ReadPolicy.IGNORED, "customer.name")));
        published(manager -> parcel(manager, 1).customer = customer(manager, 7));

        assertThat(published(manager -> manager.find(Customer.class, 7L).name = "Ann"))
                .isEmpty();
        assertThat(published(manager -> manager.find(Parcel.class, 1L).customer = null))
                .isEmpty();
        assertThat(published(manager -> manager.find(Parcel.class, 1L).status = "sent"))
                .containsExactly(1L);
    }

    @Test
    void whatTheApplicationTellsIsFound() {
        start(parcels(listening -> listening.reads("customer.name")));
        published(manager -> parcel(manager, 1).customer = customer(manager, 7));
        published.clear();
        inTransaction(manager ->
                manager.createQuery("update Customer c set c.name = 'Ann'").executeUpdate());
        requireEngine().changed(Customer.class, List.of(7L));
        threads.runAll();
        assertThat(published).containsExactly(1L);
        assertThat(requireEngine()
                        .dryRunOf(parcels(listening -> listening.reads("customer.name")), unitCustomer())
                        .subjects())
                .isEqualTo(1);
    }

    private Customer unitCustomer() {
        try (EntityManager manager = unit.factory.createEntityManager()) {
            return manager.find(Customer.class, 7L);
        }
    }

    /** Found in pages, each by a statement and in a transaction of its own. */
    @Test
    void manySubjectsAreFoundInPages() throws Exception {
        int many = 2_500;
        inTransaction(manager -> {
            Customer ann = customer(manager, 7);
            for (long id = 1; id <= many; id++) {
                parcel(manager, id).customer = ann;
            }
        });
        CountingDataSource counting = new CountingDataSource(database.dataSource());
        try (Unit counted = Unit.of(
                database,
                Map.of("jakarta.persistence.nonJtaDataSource", counting.dataSource(), "hibernate.hbm2ddl.auto", "none"),
                PathModel.ENTITIES)) {
            DerivedPaths<?> paths =
                    JpaEntities.of(counted.factory).derive(Parcel.class, Map.of("customer.name", ReadPolicy.NOW));
            Edge customers = edge(paths, "customer");
            counting.clear();
            List<Integer> pages = new ArrayList<>();
            Set<Object> subjects = new TreeSet<>();
            paths.find("default", customers, Map.of("7", ChangedProperties.of(List.of("name"))), page -> {
                pages.add(page.size());
                page.forEach(found -> subjects.add(found.subject()));
            });
            assertThat(pages).containsExactly(1_000, 1_000, 500);
            assertThat(subjects).hasSize(many);
            assertThat(counting.statements()).hasSize(3);
        }
    }

    private static Edge edge(DerivedPaths<?> paths, String path) {
        return paths.edges().stream()
                .filter(edge -> edge.path().equals(path))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void subjectsWithCompositeIdsAreFoundInPages() throws Exception {
        int many = 2_100;
        inTransaction(manager -> {
            Customer ann = customer(manager, 7);
            for (int i = 0; i < 3; i++) {
                Parcel parcel = parcel(manager, i);
                parcel.customer = ann;
                for (int no = 0; no < many / 3; no++) {
                    Weighing weighing = new Weighing();
                    weighing.parcel = parcel;
                    weighing.no = no;
                    manager.persist(weighing);
                }
            }
        });
        DerivedPaths<?> paths =
                JpaEntities.of(unit.factory).derive(Weighing.class, Map.of("parcel.customer.name", ReadPolicy.NOW));
        List<Integer> pages = new ArrayList<>();
        Set<Object> subjects = new HashSet<>();
        paths.find(
                "default", edge(paths, "parcel.customer"), Map.of("7", ChangedProperties.of(List.of("name"))), page -> {
                    pages.add(page.size());
                    page.forEach(found -> subjects.add(found.subject()));
                });
        assertThat(pages).containsExactly(1_000, 1_000, 100);
        assertThat(subjects).hasSize(many).allMatch(WeighingId.class::isInstance);
    }

    @Test
    void whatWasDerivedIsExplained() {
        inTransaction(manager -> {
            Customer ann = customer(manager, 7);
            customer(manager, 8);
            for (long id = 1; id <= 3; id++) {
                parcel(manager, id).customer = ann;
            }
        });
        SyncMachine<Parcel, Long> machine = parcels(listening -> listening
                .reads("status", "customer.name", "lines.product.name")
                .reads(ReadPolicy.PACED, "customer.home.country.name")
                .reads(ReadPolicy.IGNORED, "cover.color"));
        PathsExplanation paths = start(machine).explainPaths(machine);

        assertThat(paths.toString())
                .contains("machine 'parcels' reads of each Parcel: status, customer.name")
                .contains("Parcel\n  changes of customer, status, created, deleted")
                .contains("customer: Customer\n  changes of home.country (paced), name, created, deleted")
                .contains("customer.home.country: Country, paced")
                .contains("lines: Line\n  changes of parcel, product, created, deleted")
                .contains("ignored: cover.color")
                .containsPattern("select distinct .* from Parcel .*customer_id in \\(\\?\\)")
                .doesNotContain("largest fan-out");

        PathsExplanation counted = paths.withRowCounts();
        assertThat(counted.largestFanOut()).contains(3L);
        assertThat(counted.toString())
                .contains("2 rows, of which one concerns at most 3 subjects (7)")
                .contains("largest fan-out: one change concerns at most 3 subjects");
    }

    private void assertRefused(Class<?> subject, String path, String... parts) {
        assertThatThrownBy(() -> start(machineOn(subject, path)))
                .isInstanceOf(IllegalArgumentException.class)
                .satisfies(failure -> assertThat(failure.getMessage())
                        .startsWith("machine 'm': reads(\"" + path + "\") cannot be derived at ")
                        .contains(parts));
    }

    private static <E> SyncMachine<E, Long> machineOn(Class<E> subject, String path) {
        return SyncMachine.define("m", subject, Long.class)
                .reads(path)
                .build(entity -> "")
                .publish((entity, document) -> {})
                .done();
    }

    @Test
    void whatCannotBeDerivedIsRefusedWithTheHopAndTheCures() {
        assertRefused(
                Parcel.class,
                "customer.fullName",
                "'customer.fullName'",
                "Customer has no property 'fullName'; it has only [home, id, name, unread]");
        assertRefused(Parcel.class, "custmer.name", "'custmer'", "Parcel has no property 'custmer'");
        assertRefused(Parcel.class, "status.length", "'status' is a value of String");
        assertRefused(Parcel.class, "tags.length", "'tags' is a collection of String");
        assertRefused(Odd.class, "twice", "'twice'", "computed by the database", "listenTo(…)", "ReadPolicy.IGNORED");
        assertRefused(Odd.class, "hidden.gone", "'hidden'", "SQL restriction", "listenTo(…)", "ReadPolicy.IGNORED");
        assertRefused(Odd.class, "some.gone", "'some'", "SQL restriction");
    }

    @Test
    void pathsArePutRightOrRefused() {
        Listening<Parcel, Long> listening = SyncMachine.define("m", Parcel.class, Long.class);
        assertThatThrownBy(() -> listening.reads("customer..name"))
                .hasMessage("machine 'm': a path must be names joined by dots, as customer.firstName, but is"
                        + " 'customer..name'");
        listening.reads("status");
        assertThatThrownBy(() -> listening.reads(ReadPolicy.PACED, "status"))
                .hasMessage("machine 'm' reads 'status' already");
    }

    @Test
    void banksOfTransfersAreFoundThroughTheSubclass() {
        start(parcels(listening -> listening.reads("payment.bank.name")));
        published(manager -> {
            Bank bank = new Bank();
            bank.id = 1L;
            manager.persist(bank);
            PathModel.Transfer transfer = new PathModel.Transfer();
            transfer.id = 1L;
            transfer.bank = bank;
            manager.persist(transfer);
            parcel(manager, 1).payment = transfer;
        });
        assertThat(published(manager -> manager.find(Bank.class, 1L).name = "Alpha"))
                .containsExactly(1L);
    }
}
