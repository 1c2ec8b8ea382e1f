package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangedProperties;
import io.syncmachine.jpa.PathModel.Address;
import io.syncmachine.jpa.PathModel.Bank;
import io.syncmachine.jpa.PathModel.Box;
import io.syncmachine.jpa.PathModel.Campaign;
import io.syncmachine.jpa.PathModel.Card;
import io.syncmachine.jpa.PathModel.Category;
import io.syncmachine.jpa.PathModel.Country;
import io.syncmachine.jpa.PathModel.Cover;
import io.syncmachine.jpa.PathModel.Customer;
import io.syncmachine.jpa.PathModel.Detail;
import io.syncmachine.jpa.PathModel.DetailId;
import io.syncmachine.jpa.PathModel.Invoice;
import io.syncmachine.jpa.PathModel.Label;
import io.syncmachine.jpa.PathModel.Line;
import io.syncmachine.jpa.PathModel.Note;
import io.syncmachine.jpa.PathModel.Parcel;
import io.syncmachine.jpa.PathModel.Payment;
import io.syncmachine.jpa.PathModel.Port;
import io.syncmachine.jpa.PathModel.Price;
import io.syncmachine.jpa.PathModel.Product;
import io.syncmachine.jpa.PathModel.Slot;
import io.syncmachine.jpa.PathModel.SlotId;
import io.syncmachine.jpa.PathModel.Stop;
import io.syncmachine.jpa.PathModel.Transfer;
import io.syncmachine.jpa.PathModel.Truck;
import io.syncmachine.jpa.PathModel.Vehicle;
import io.syncmachine.jpa.PathModel.Weighing;
import io.syncmachine.spi.DerivedPaths;
import io.syncmachine.spi.DerivedPaths.Edge;
import io.syncmachine.spi.EntityDescription;
import jakarta.persistence.EntityManager;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.hibernate.stat.Statistics;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random changes of everything that documents show, and of how it hangs together. After each transaction, all documents are built anew,
 * and the API must hold just these: each subject whose document changed was found.
 */
class DeclaredPathsSimulationTest {

    private static final int PARCELS = 6;
    private static final int OTHERS = 4;

    private final PathWorld world = new PathWorld();
    private final List<String> story = new ArrayList<>();
    private Random random = new Random(0);
    private long nextId = 1_000;

    @AfterEach
    void close() {
        world.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void everySubjectWhoseDocumentChangesIsFound(long seed) {
        simulate(seed, 60);
    }

    @Test
    @Tag("full")
    void everySubjectWhoseDocumentChangesIsFoundInLongStories() {
        for (long seed = 100; seed < 140; seed++) {
            simulate(seed, 150);
        }
    }

    private void simulate(long seed, int transactions) {
        random = new Random(seed);
        story.clear();
        world.inTransaction(this::populate);
        check(seed);
        for (int i = 0; i < transactions; i++) {
            story.clear();
            world.inTransaction(manager -> {
                int changes = 1 + random.nextInt(3);
                for (int change = 0; change < changes; change++) {
                    change(manager);
                    if (random.nextInt(3) == 0) {
                        manager.flush();
                    }
                }
            });
            check(seed);
        }
    }

    private void check(long seed) {
        world.settle();
        assertThat(world.api).as("seed %d, after %s", seed, story).isEqualTo(world.documents());
    }

    private void populate(EntityManager manager) {
        for (int i = 0; i < PARCELS; i++) {
            parcel(manager);
        }
        for (int i = 0; i < OTHERS; i++) {
            country(manager);
            port(manager);
            customer(manager);
            category(manager);
            product(manager);
            line(manager);
            box(manager);
            label(manager);
            campaign(manager);
            invoice(manager);
            cover(manager);
            bank(manager);
            payment(manager);
            price(manager);
            slot(manager);
            vehicle(manager);
            detail(manager);
            weighing(manager);
        }
        manager.flush();
        for (int i = 0; i < 40; i++) {
            change(manager);
        }
    }

    private long id() {
        return nextId++;
    }

    private String word() {
        return "w" + random.nextInt(1_000);
    }

    private <E> @Nullable E any(EntityManager manager, Class<E> type) {
        List<E> all = manager.createQuery("select e from " + type.getSimpleName() + " e order by id(e)", type)
                .getResultList();
        return all.isEmpty() ? null : PathModel.real(all.get(random.nextInt(all.size())));
    }

    /** One of them, or none. */
    private <E> @Nullable E maybe(EntityManager manager, Class<E> type) {
        return random.nextInt(4) == 0 ? null : any(manager, type);
    }

    private <E> E one(EntityManager manager, Class<E> type, Supplier<E> otherwise) {
        E found = any(manager, type);
        return found == null ? otherwise.get() : found;
    }

    private <E> E made(EntityManager manager, E entity) {
        story.add("new " + entity.getClass().getSimpleName());
        manager.persist(entity);
        return entity;
    }

    private void told(String what) {
        story.add(what);
    }

    private Parcel parcel(EntityManager manager) {
        Parcel parcel = new Parcel();
        parcel.id = id();
        parcel.customer = maybe(manager, Customer.class);
        parcel.parent = maybe(manager, Parcel.class);
        return made(manager, parcel);
    }

    private Country country(EntityManager manager) {
        Country country = new Country();
        country.id = "C" + id();
        country.name = word();
        return made(manager, country);
    }

    private Port port(EntityManager manager) {
        Port port = new Port();
        port.id = id();
        port.name = word();
        return made(manager, port);
    }

    private Customer customer(EntityManager manager) {
        Customer customer = new Customer();
        customer.id = id();
        customer.name = word();
        customer.home = address(manager);
        return made(manager, customer);
    }

    private @Nullable Address address(EntityManager manager) {
        if (random.nextInt(4) == 0) {
            return null;
        }
        Address address = new Address();
        address.city = word();
        address.country = maybe(manager, Country.class);
        return address;
    }

    private Category category(EntityManager manager) {
        Category category = new Category();
        category.id = id();
        category.name = word();
        category.parent = maybe(manager, Category.class);
        return made(manager, category);
    }

    private Product product(EntityManager manager) {
        Product product = new Product();
        product.id = id();
        product.name = word();
        product.category = maybe(manager, Category.class);
        return made(manager, product);
    }

    private Line line(EntityManager manager) {
        Line line = new Line();
        line.id = id();
        line.quantity = random.nextInt(100);
        line.parcel = maybe(manager, Parcel.class);
        line.product = maybe(manager, Product.class);
        return made(manager, line);
    }

    private Box box(EntityManager manager) {
        Box box = new Box();
        box.id = id();
        box.size = random.nextInt(100);
        box.label = maybe(manager, Label.class);
        return made(manager, box);
    }

    private Note note() {
        Note note = new Note();
        note.id = id();
        note.text = word();
        return note;
    }

    private Label label(EntityManager manager) {
        Label label = new Label();
        label.id = id();
        label.text = word();
        return made(manager, label);
    }

    private Campaign campaign(EntityManager manager) {
        Campaign campaign = new Campaign();
        campaign.id = id();
        campaign.name = word();
        campaign.country = maybe(manager, Country.class);
        toggle(manager, campaign.parcels, Parcel.class);
        return made(manager, campaign);
    }

    private Invoice invoice(EntityManager manager) {
        Invoice invoice = new Invoice();
        invoice.id = id();
        invoice.number = word();
        invoice.parcel = withoutInvoice(manager);
        invoice.bank = maybe(manager, Bank.class);
        return made(manager, invoice);
    }

    private @Nullable Parcel withoutInvoice(EntityManager manager) {
        List<Parcel> free = manager.createQuery(
                        "select p from Parcel p where not exists (select 1 from Invoice i where i.parcel = p) order by p.id",
                        Parcel.class)
                .getResultList();
        return free.isEmpty() ? null : free.get(random.nextInt(free.size()));
    }

    private Cover cover(EntityManager manager) {
        Cover cover = new Cover();
        cover.id = id();
        cover.color = word();
        return made(manager, cover);
    }

    private @Nullable Cover unusedCover(EntityManager manager) {
        List<Cover> free = manager.createQuery(
                        "select c from Cover c where not exists (select 1 from Parcel p where p.cover = c) order by c.id",
                        Cover.class)
                .getResultList();
        return free.isEmpty() ? null : free.get(random.nextInt(free.size()));
    }

    private Bank bank(EntityManager manager) {
        Bank bank = new Bank();
        bank.id = id();
        bank.name = word();
        return made(manager, bank);
    }

    private Payment payment(EntityManager manager) {
        if (random.nextBoolean()) {
            Card card = new Card();
            card.id = id();
            card.number = word();
            return made(manager, card);
        }
        Transfer transfer = new Transfer();
        transfer.id = id();
        transfer.bank = maybe(manager, Bank.class);
        return made(manager, transfer);
    }

    private Price price(EntityManager manager) {
        Price price = new Price();
        price.id = id();
        price.amount = random.nextInt(100);
        return made(manager, price);
    }

    private Slot slot(EntityManager manager) {
        Slot slot = new Slot();
        slot.id = new SlotId("hall " + random.nextInt(3), (int) id());
        slot.shelf = word();
        slot.country = maybe(manager, Country.class);
        return made(manager, slot);
    }

    private Vehicle vehicle(EntityManager manager) {
        Vehicle vehicle = random.nextBoolean() ? new Truck() : new Vehicle();
        vehicle.id = id();
        vehicle.plate = word();
        return made(manager, vehicle);
    }

    private Detail detail(EntityManager manager) {
        Detail detail = new Detail();
        detail.parcel = one(manager, Parcel.class, () -> parcel(manager));
        detail.id = new DetailId(detail.parcel.id, (int) id());
        detail.text = word();
        return made(manager, detail);
    }

    private Weighing weighing(EntityManager manager) {
        Weighing weighing = new Weighing();
        weighing.parcel = one(manager, Parcel.class, () -> parcel(manager));
        weighing.no = (int) id();
        weighing.grams = random.nextInt(100);
        return made(manager, weighing);
    }

    private <E> void toggle(EntityManager manager, Collection<E> elements, Class<E> type) {
        E element = any(manager, type);
        if (element != null && !elements.remove(element)) {
            elements.add(element);
        }
    }

    /** One change of any kind. */
    private void change(EntityManager manager) {
        switch (random.nextInt(8)) {
            case 0 -> create(manager);
            case 1 -> delete(manager);
            case 2, 3, 4 -> changeParcel(manager, one(manager, Parcel.class, () -> parcel(manager)));
            default -> changeOther(manager);
        }
    }

    private void create(EntityManager manager) {
        switch (random.nextInt(8)) {
            case 0 -> parcel(manager);
            case 1, 2 -> line(manager);
            case 3 -> detail(manager);
            case 4 -> weighing(manager);
            case 5 -> campaign(manager);
            case 6 -> invoice(manager);
            default -> product(manager);
        }
    }

    private void changeParcel(EntityManager manager, Parcel parcel) {
        int which = random.nextInt(20);
        told("parcel " + parcel.id + " change " + which);
        switch (which) {
            case 0 -> parcel.status = word();
            case 1 -> parcel.unread = word();
            case 2 -> parcel.customer = maybe(manager, Customer.class);
            case 3 -> parcel.shipTo = address(manager);
            case 4 -> {
                if (!parcel.tags.remove("t" + random.nextInt(3))) {
                    parcel.tags.add("t" + random.nextInt(3));
                }
            }
            case 5 -> parcel.attributes.put("k" + random.nextInt(3), word());
            case 6 -> {
                Stop stop = new Stop();
                stop.note = word();
                stop.port = maybe(manager, Port.class);
                parcel.stops.add(stop);
            }
            case 7 -> parcel.stops.clear();
            case 8 -> takeBox(manager, parcel);
            case 9 -> parcel.boxes.clear();
            case 10 -> parcel.notes.add(note());
            case 11 -> parcel.notes.clear();
            case 12 -> toggle(manager, parcel.labels, Label.class);
            case 13 -> parcel.labels = new HashSet<>();
            case 14 -> parcel.cover = unusedCover(manager);
            case 15 -> parcel.payment = maybe(manager, Payment.class);
            case 16 -> {
                Price price = any(manager, Price.class);
                if (price != null) {
                    parcel.prices.put("p" + random.nextInt(3), price);
                }
            }
            case 17 -> parcel.parent = maybe(manager, Parcel.class);
            case 18 -> parcel.slot = maybe(manager, Slot.class);
            default -> parcel.vehicle = maybe(manager, Vehicle.class);
        }
    }

    /** From wherever it is, whose parcel need not be loaded. */
    private void takeBox(EntityManager manager, Parcel parcel) {
        Box box = any(manager, Box.class);
        if (box == null) {
            return;
        }
        if (random.nextBoolean()) {
            manager.createQuery("select p from Parcel p join p.boxes b where b = :box", Parcel.class)
                    .setParameter("box", box)
                    .getResultList()
                    .forEach(former -> PathModel.real(former).boxes.removeIf(one -> PathModel.real(one) == box));
        }
        parcel.boxes.add(box);
    }

    private void changeOther(EntityManager manager) {
        int which = random.nextInt(26);
        told("change " + which);
        switch (which) {
            case 0 -> with(manager, Customer.class, customer -> customer.name = word());
            case 1 -> with(manager, Customer.class, customer -> customer.unread = word());
            case 2 -> with(manager, Customer.class, customer -> customer.home = address(manager));
            case 3 -> with(manager, Country.class, country -> country.name = word());
            case 4 -> with(manager, Port.class, port -> port.name = word());
            case 5 -> with(manager, Line.class, line -> line.quantity++);
            case 6 -> with(manager, Line.class, line -> line.parcel = maybe(manager, Parcel.class));
            case 7 -> with(manager, Line.class, line -> line.product = maybe(manager, Product.class));
            case 8 -> with(manager, Product.class, product -> product.name = word());
            case 9 -> with(manager, Product.class, product -> product.category = maybe(manager, Category.class));
            case 10 -> with(manager, Category.class, category -> category.name = word());
            case 11 -> with(manager, Category.class, category -> category.parent = maybe(manager, Category.class));
            case 12 -> with(manager, Box.class, box -> box.size++);
            case 13 -> with(manager, Box.class, box -> box.label = maybe(manager, Label.class));
            case 14 -> with(manager, Label.class, label -> label.text = word());
            case 15 -> with(manager, Campaign.class, campaign -> campaign.name = word());
            case 16 -> with(manager, Campaign.class, campaign -> toggle(manager, campaign.parcels, Parcel.class));
            case 17 -> with(manager, Campaign.class, campaign -> campaign.parcels = new HashSet<>());
            case 18 -> with(manager, Invoice.class, invoice -> invoice.number = word());
            case 19 -> with(manager, Invoice.class, invoice -> invoice.parcel = withoutInvoice(manager));
            case 20 -> with(manager, Cover.class, cover -> cover.color = word());
            case 21 -> changePayment(manager);
            case 22 -> with(manager, Bank.class, bank -> bank.name = word());
            case 23 -> with(manager, Price.class, price -> price.amount++);
            case 24 -> with(manager, Slot.class, slot -> slot.shelf = word());
            default -> changeOwned(manager);
        }
    }

    private <E> void with(EntityManager manager, Class<E> type, Consumer<E> change) {
        E entity = any(manager, type);
        if (entity != null) {
            change.accept(entity);
        }
    }

    private void changePayment(EntityManager manager) {
        with(manager, Payment.class, payment -> {
            if (random.nextBoolean()) {
                payment.paid = !payment.paid;
            } else if (payment instanceof Card card) {
                card.number = word();
            } else if (payment instanceof Transfer transfer) {
                transfer.bank = maybe(manager, Bank.class);
            }
        });
    }

    private void changeOwned(EntityManager manager) {
        switch (random.nextInt(6)) {
            case 0 -> with(manager, Detail.class, detail -> detail.text = word());
            case 1 -> with(manager, Weighing.class, weighing -> weighing.grams++);
            case 2 -> with(manager, Note.class, note -> note.text = word());
            case 3 -> with(manager, Vehicle.class, vehicle -> vehicle.plate = word());
            case 4 -> with(manager, Truck.class, truck -> truck.load = random.nextInt(100));
            default -> with(manager, Slot.class, slot -> slot.country = maybe(manager, Country.class));
        }
    }

    private void delete(EntityManager manager) {
        int which = random.nextInt(10);
        told("delete " + which);
        switch (which) {
            case 0 -> with(manager, Line.class, manager::remove);
            case 1 -> with(manager, Campaign.class, manager::remove);
            case 2 -> with(manager, Invoice.class, manager::remove);
            case 3 -> with(manager, Detail.class, manager::remove);
            case 4 -> with(manager, Weighing.class, manager::remove);
            case 5 -> with(manager, Box.class, manager::remove);
            case 6 ->
                with(manager, Product.class, product -> {
                    linesOf(manager, product).forEach(line -> PathModel.real(line).product = null);
                    manager.flush();
                    manager.remove(product);
                });
            case 7 ->
                with(manager, Product.class, product -> {
                    linesOf(manager, product).forEach(manager::remove);
                    manager.flush();
                    manager.remove(product);
                });
            default -> with(manager, Parcel.class, parcel -> deleteParcel(manager, parcel));
        }
    }

    private static List<Line> linesOf(EntityManager manager, Product product) {
        return manager.createQuery("select l from Line l where l.product = :product", Line.class)
                .setParameter("product", product)
                .getResultList();
    }

    private static <E> List<E> of(EntityManager manager, Class<E> type, Parcel parcel) {
        return manager.createQuery("select e from " + type.getSimpleName() + " e where e.parcel = :parcel", type)
                .setParameter("parcel", parcel)
                .getResultList();
    }

    private void deleteParcel(EntityManager manager, Parcel parcel) {
        if (random.nextBoolean()) {
            of(manager, Line.class, parcel).forEach(line -> PathModel.real(line).parcel = null);
        } else {
            of(manager, Line.class, parcel).forEach(manager::remove);
        }
        of(manager, Invoice.class, parcel).forEach(manager::remove);
        of(manager, Detail.class, parcel).forEach(manager::remove);
        of(manager, Weighing.class, parcel).forEach(manager::remove);
        manager.createQuery("select c from Campaign c join c.parcels p where p = :parcel", Campaign.class)
                .setParameter("parcel", parcel)
                .getResultList()
                .forEach(campaign -> PathModel.real(campaign)
                        .parcels
                        .removeIf(one -> PathModel.real(one) == PathModel.real(parcel)));
        manager.createQuery("select p from Parcel p where p.parent = :parcel", Parcel.class)
                .setParameter("parcel", parcel)
                .getResultList()
                .forEach(child -> PathModel.real(child).parent = null);
        manager.flush();
        manager.remove(parcel);
    }

    @Test
    void noEntityIsHydratedToFindSubjects() throws Exception {
        world.inTransaction(this::populate);
        world.settle();
        DerivedPaths<?> paths = JpaEntities.of(world.unit.factory)
                .derive(Parcel.class, world.machine.definition().reads());
        Statistics statistics = world.unit.factory.getStatistics();
        List<String> found = new ArrayList<>();
        for (Edge edge : paths.edges()) {
            Map<String, ChangedProperties> changed = changesOfAll(edge.entity());
            statistics.setStatisticsEnabled(true);
            if (!edge.isSubject()) {
                paths.find("default", edge, changed, page -> page.forEach(one -> found.add(edge.path())));
            }
            statistics.setStatisticsEnabled(false);
        }
        assertThat(found).contains("customer", "lines.product", "campaigns", "details", "weighings");
        assertThat(statistics.getEntityLoadCount()).isZero();
        assertThat(statistics.getCollectionLoadCount()).isZero();
    }

    private <E, ID> Map<String, ChangedProperties> changesOfAll(EntityDescription<E, ID> entity) {
        return world.read(manager -> {
            Map<String, ChangedProperties> changed = new HashMap<>();
            manager.createQuery("select id(e) from " + entity.name() + " e", entity.idType())
                    .getResultList()
                    .forEach(id -> changed.put(entity.ids().encode(id), ChangedProperties.all()));
            return changed;
        });
    }
}
