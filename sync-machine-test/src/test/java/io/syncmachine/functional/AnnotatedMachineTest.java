package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.syncmachine.ChangedProperties;
import io.syncmachine.FollowUp;
import io.syncmachine.Policy;
import io.syncmachine.Policy.Unpublishable;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.RejectedException;
import io.syncmachine.SubjectIds;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.annotation.AfterDelete;
import io.syncmachine.annotation.AfterPublish;
import io.syncmachine.annotation.AnnotatedMachine;
import io.syncmachine.annotation.Build;
import io.syncmachine.annotation.ListenTo;
import io.syncmachine.annotation.ListenToEvent;
import io.syncmachine.annotation.OnDeadLetter;
import io.syncmachine.annotation.OnDelete;
import io.syncmachine.annotation.OnFollowUp;
import io.syncmachine.annotation.Publish;
import io.syncmachine.annotation.PublishWhen;
import io.syncmachine.annotation.SyncMachineFor;
import io.syncmachine.annotation.UsePolicy;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.spi.MachineDefinition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same machine, declared in each of the ways there are, does the same. */
class AnnotatedMachineTest {

    private static final Policy POLICY = World.POLICY.unpublishable(Unpublishable.DELETE);

    private final World world = new World();
    private final FakeApi api = world.api;
    private final List<String> sent = new ArrayList<>();

    /** The changes that a finder was told of, whichever form it has. */
    private static final List<ChangedProperties> TOLD = new ArrayList<>();

    record Label(long parcel, String status) {}

    /** The subject, whose annotations count only where it declares the machine. */
    @SyncMachineFor(name = World.MACHINE)
    @ListenToEvent("parcel-lost")
    record Parcel(
            long id, @ListenTo String status, @ListenTo String city, String note) {

        @UsePolicy
        static final Policy OWN = POLICY;

        @PublishWhen
        boolean isReady() {
            return !status.equals("draft");
        }

        @Build
        Label label() throws IOException {
            if (city.equals("Atlantis")) {
                throw new IOException("no such place");
            }
            return new Label(id, status);
        }

        @ListenTo("name")
        private static List<Long> of(Customer customer, ChangedProperties changed) {
            TOLD.add(changed);
            return customer.orderIds();
        }

        @ListenToEvent("customer-moved")
        private static Stream<Long> ofMoved(Customer customer) {
            return customer.orderIds().stream();
        }
    }

    /** What the subject's class cannot have. */
    record ParcelApi(FakeApi api, List<String> sent) {

        @Publish
        void put(Publication<Parcel, Long, Label> publication) throws Exception {
            api.put(publication);
        }

        @OnDelete
        void delete(Publication<Parcel, Long, Label> publication) throws Exception {
            api.delete(publication);
        }

        @AfterPublish
        void sent(Parcel parcel, Label label) {
            sent.add(parcel.id() + " " + label.status());
        }

        @AfterDelete
        void deleted(Long id) {
            sent.add("deleted " + id);
        }

        @OnDeadLetter
        void givenUp(Long id, String reason) {
            sent.add("given up " + id + ": " + reason);
        }

        @OnFollowUp
        void follow(FollowUp<Long> followUp) {
            sent.add("follow " + followUp.id() + " " + followUp.what());
        }
    }

    /** All in a class of its own. */
    @SyncMachineFor(subject = Parcel.class, name = World.MACHINE)
    @ListenTo({"status", "city"})
    @ListenToEvent("parcel-lost")
    @SuppressWarnings("UnusedMethod") // private ones are as good
    private static final class ParcelToApi {

        private final FakeApi api;
        private final List<String> sent;

        private ParcelToApi(FakeApi api, List<String> sent) {
            this.api = api;
            this.sent = sent;
        }

        @UsePolicy
        private Policy policy() {
            return POLICY;
        }

        @ListenTo("name")
        private List<Long> of(Customer customer, ChangedProperties changed) {
            return Parcel.of(customer, changed);
        }

        @ListenToEvent("customer-moved")
        private Stream<Long> ofMoved(Customer customer) {
            return Parcel.ofMoved(customer);
        }

        @PublishWhen
        private boolean isReady(Parcel parcel) {
            return parcel.isReady();
        }

        @Build
        private Label build(Parcel parcel) throws IOException {
            return parcel.label();
        }

        @Publish
        private void put(Publication<Parcel, Long, Label> publication) throws Exception {
            api.put(publication);
        }

        @OnDelete
        private void delete(Publication<Parcel, Long, Label> publication) throws Exception {
            api.delete(publication);
        }

        @AfterPublish
        private void sent(Parcel parcel, Label label) {
            sent.add(parcel.id() + " " + label.status());
        }

        @AfterDelete
        private void deleted(long id) {
            sent.add("deleted " + id);
        }

        @OnDeadLetter
        private void givenUp(long id, String reason) {
            sent.add("given up " + id + ": " + reason);
        }

        @OnFollowUp
        private void follow(FollowUp<?> followUp) {
            sent.add("follow " + followUp.id() + " " + followUp.what());
        }
    }

    enum Form {
        BUILDER {
            @Override
            SyncMachine<?, ?> machine(FakeApi api, List<String> sent) {
                return SyncMachine.define(World.MACHINE, Parcel.class, Long.class)
                        .listenTo(Parcel.class, "status", "city")
                        .listenTo(Customer.class, Set.of("name"), Parcel::of)
                        .listenToEvent("parcel-lost")
                        .listenToEvent("customer-moved", Customer.class, SubjectIds.stream(Parcel::ofMoved))
                        .publishWhen(Parcel::isReady)
                        .build(Label.class, Parcel::label)
                        .publish(api::put)
                        .onDeletePublication(api::delete)
                        .afterPublish((parcel, label) -> sent.add(parcel.id() + " " + label.status()))
                        .afterDelete(id -> sent.add("deleted " + id))
                        .onDeadLetter((id, reason) -> sent.add("given up " + id + ": " + reason))
                        .followUp(followUp -> sent.add("follow " + followUp.id() + " " + followUp.what()))
                        .policy(POLICY)
                        .done();
            }
        },
        CLASS {
            @Override
            SyncMachine<?, ?> machine(FakeApi api, List<String> sent) {
                return AnnotatedMachine.of(new ParcelToApi(api, sent));
            }
        },
        SUBJECT {
            @Override
            SyncMachine<?, ?> machine(FakeApi api, List<String> sent) {
                return AnnotatedMachine.of(Parcel.class, new ParcelApi(api, sent));
            }
        };

        abstract SyncMachine<?, ?> machine(FakeApi api, List<String> sent);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private SyncEngine start(Form form) {
        TOLD.clear();
        world.entities.type(Parcel.class, Long.class, Parcel::id);
        return world.start(form.machine(api, sent));
    }

    private void save(long id, String status) {
        world.entities.save(new Parcel(id, status, "Rome", ""));
        world.run();
    }

    @ParameterizedTest
    @EnumSource
    void declaresTheSame(Form form) {
        MachineDefinition<?, ?, ?> declared = form.machine(api, sent).definition();
        MachineDefinition<?, ?, ?> built = Form.BUILDER.machine(api, sent).definition();

        assertThat(declared)
                .usingRecursiveComparison()
                .ignoringFields(
                        "listeners",
                        "events",
                        "publishable",
                        "builder",
                        "destination.publisher",
                        "destination.deleter",
                        "told.afterPublish",
                        "told.afterDelete",
                        "told.onDeadLetter",
                        "told.followUp")
                .isEqualTo(built);
        assertThat(declared.listeners())
                .extracting("entity", "properties")
                .containsExactlyInAnyOrder(
                        tuple(Parcel.class, Set.of("status", "city")), tuple(Customer.class, Set.of("name")));
        assertThat(declared.events()).containsOnlyKeys("parcel-lost", "customer-moved");
    }

    @ParameterizedTest
    @EnumSource
    void publishesUpdatesAndDeletes(Form form) {
        start(form);

        save(1, "open");
        save(1, "sent");
        assertThat(api.content).containsOnly(Map.entry("1", "{\"parcel\":1,\"status\":\"sent\"}"));
        assertThat(sent).containsExactlyInAnyOrder("1 open", "follow 1 [PUBLISHED]", "1 sent", "follow 1 [PUBLISHED]");
        sent.clear();
        world.entities.delete(Parcel.class, 1L);
        world.run();

        assertThat(api.content).isEmpty();
        assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.UPDATE, PublicationKind.DELETE);
        assertThat(sent).containsExactlyInAnyOrder("deleted 1", "follow 1 [DELETED]");
    }

    @ParameterizedTest
    @EnumSource
    void leavesOutWhatIsNotPublishableAsThePolicySays(Form form) {
        start(form);

        save(1, "draft");
        assertThat(api.calls).isEmpty();
        save(1, "open");
        save(1, "draft");

        assertThat(api.content).isEmpty();
        assertThat(api.kinds()).containsExactly(PublicationKind.CREATE, PublicationKind.DELETE);
    }

    @ParameterizedTest
    @EnumSource
    void listensToTheNamedPropertiesOfTheSubject(Form form) {
        SyncEngine engine = start(form);
        save(1, "open");

        world.entities.save(new Parcel(1, "open", "Rome", "fragile"));
        assertThat(engine.backlog().changes()).isZero();
        world.entities.save(new Parcel(1, "open", "Oslo", "fragile"));
        assertThat(engine.backlog().changes()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource
    void findsTheSubjectsOfAnotherEntityAndTellsWhatChanged(Form form) {
        SyncEngine engine = start(form);
        world.entities.save(new Customer(7, "Ada", List.of(1L, 2L)));
        world.run();
        save(1, "open");
        save(2, "open");
        world.outcomes.clear();
        TOLD.clear();

        world.entities.save(new Customer(7, "Ada", List.of(1L)));
        assertThat(engine.backlog().changes()).isZero();
        world.entities.save(new Customer(7, "Augusta", List.of(1L)));
        world.run();

        assertThat(TOLD).containsExactly(ChangedProperties.of(Set.of("name")));
        assertThat(world.outcomes).extracting(outcome -> outcome.subjectId()).containsExactly("1");
        assertThat(world.results()).containsExactly(Result.UNCHANGED);
    }

    @ParameterizedTest
    @EnumSource
    void listensToEventsWithTheSubjectAndWithAnotherEntity(Form form) {
        SyncEngine engine = start(form);
        Customer ada = new Customer(7, "Ada", List.of(1L, 2L));
        world.entities.save(ada);
        world.run();
        save(1, "open");
        save(2, "open");
        world.outcomes.clear();

        engine.signal("parcel-lost", new Parcel(2, "open", "Rome", ""));
        world.run();
        assertThat(world.outcomes).extracting(outcome -> outcome.subjectId()).containsExactly("2");

        engine.signal("customer-moved", ada);
        world.run();
        assertThat(world.outcomes).extracting(outcome -> outcome.subjectId()).containsExactly("2", "1", "2");
    }

    @ParameterizedTest
    @EnumSource
    void parksWhatTheApiRejects(Form form) {
        SyncEngine engine = start(form);
        api.next(FakeApi.fails(new RejectedException("no label")));

        save(1, "open");

        assertThat(engine.backlog().parked()).isEqualTo(1);
        assertThat(world.outcomes)
                .extracting(outcome -> outcome.reason())
                .containsExactly("RejectedException: no label");
        assertThat(sent)
                .containsExactlyInAnyOrder("given up 1: RejectedException: no label", "follow 1 [DEAD_LETTERED]");
    }

    @ParameterizedTest
    @EnumSource
    void isInDoubtAfterACheckedException(Form form) {
        start(form);
        api.next(FakeApi.losesItsAnswer());

        save(1, "open");

        assertThat(world.outcomes)
                .extracting(outcome -> outcome.reason())
                .containsExactly("IOException: connection reset");
        assertThat(world.record(1).inDoubt()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void tellsWhatTheBuilderOfADocumentThrew(Form form) {
        start(form);

        world.entities.save(new Parcel(1, "open", "Atlantis", ""));
        world.run();

        assertThat(world.outcomes)
                .extracting(outcome -> outcome.reason())
                .containsExactly("IOException: no such place");
    }
}
