package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MappedSuperclass;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Machines on classes with subclasses, in each way to map them. */
class InheritanceTest {

    private final TestDatabase database = TestDatabase.create();
    private final List<String> calls = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        database.close();
    }

    /** Not an entity itself. */
    @MappedSuperclass
    abstract static class Base {
        @Id
        @Nullable
        Long id;

        @Nullable
        String name;

        String show() {
            return getClass().getSimpleName() + " " + name;
        }
    }

    /** What the tests do with an entity of each kind. */
    interface Sized {
        void resize(int size);
    }

    @Entity(name = "One")
    @Inheritance(strategy = InheritanceType.SINGLE_TABLE)
    static class One extends Base {}

    @Entity(name = "OneA")
    static class OneA extends One implements Sized {
        int size;

        @Override
        public void resize(int size) {
            this.size = size;
        }
    }

    @Entity(name = "OneB")
    static class OneB extends One {}

    @Entity(name = "Joined")
    @Inheritance(strategy = InheritanceType.JOINED)
    static class Joined extends Base {}

    @Entity(name = "JoinedA")
    static class JoinedA extends Joined implements Sized {
        int size;

        @Override
        public void resize(int size) {
            this.size = size;
        }
    }

    @Entity(name = "JoinedB")
    static class JoinedB extends Joined {}

    @Entity(name = "Per")
    @Inheritance(strategy = InheritanceType.TABLE_PER_CLASS)
    static class Per extends Base {}

    @Entity(name = "PerA")
    static class PerA extends Per implements Sized {
        int size;

        @Override
        public void resize(int size) {
            this.size = size;
        }
    }

    @Entity(name = "PerB")
    static class PerB extends Per {}

    @Entity(name = "Holder")
    static class Holder {
        @Id
        @Nullable
        Long id;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        One held;

        One held() {
            return Objects.requireNonNull(held);
        }
    }

    private Unit unit() {
        return Unit.of(
                database,
                One.class,
                OneA.class,
                OneB.class,
                Joined.class,
                JoinedA.class,
                JoinedB.class,
                Per.class,
                PerA.class,
                PerB.class,
                Holder.class);
    }

    private <E extends Base> SyncMachine<E, Long> machine(Class<E> type, String... properties) {
        String name = type.getSimpleName();
        return SyncMachine.define(name, type, Long.class)
                .listenTo(type, properties)
                .build(Base::show)
                .publish(publication -> calls.add(name + " put " + publication.id() + " " + publication.document()))
                .onDeletePublication(publication -> calls.add(name + " delete " + publication.id()))
                .done();
    }

    private static <E extends Base> E named(E entity, long id) {
        entity.id = id;
        entity.name = "x";
        return entity;
    }

    private <R extends Base, A extends R, B extends R> void rootAndSubclass(
            Class<R> rootType, Class<A> aType, A a, B b) {
        String root = rootType.getSimpleName();
        String sub = aType.getSimpleName();
        try (Unit unit = unit()) {
            unit.work(machine(rootType), machine(aType));
            unit.inTransaction(manager -> {
                manager.persist(named(a, 1));
                manager.persist(named(b, 2));
            });
            unit.settle();
            assertThat(calls)
                    .containsExactlyInAnyOrder(
                            root + " put 1 " + sub + " x", root + " put 2 " + b.show(), sub + " put 1 " + sub + " x");
            calls.clear();
            unit.inTransaction(manager -> manager.find(rootType, 1L).name = "y");
            unit.settle();
            assertThat(calls).containsExactlyInAnyOrder(root + " put 1 " + sub + " y", sub + " put 1 " + sub + " y");
            calls.clear();
            unit.inTransaction(manager -> {
                manager.remove(manager.find(rootType, 1L));
                manager.remove(manager.find(rootType, 2L));
            });
            unit.settle();
            assertThat(calls).containsExactlyInAnyOrder(root + " delete 1", root + " delete 2", sub + " delete 1");
        }
    }

    @Test
    void singleTable() {
        rootAndSubclass(One.class, OneA.class, new OneA(), new OneB());
    }

    @Test
    void joinedTables() {
        rootAndSubclass(Joined.class, JoinedA.class, new JoinedA(), new JoinedB());
    }

    @Test
    void aTablePerClass() {
        rootAndSubclass(Per.class, PerA.class, new PerA(), new PerB());
    }

    @Test
    void thePropertyOfASubclassIsListenedToOnTheRoot() {
        try (Unit unit = unit()) {
            unit.capture(machine(One.class, "size"), machine(Joined.class, "size"), machine(Per.class, "size"));
            long id = 1;
            for (Base entity : List.of(new OneA(), new JoinedA(), new PerA(), new OneB())) {
                named(entity, id++);
                unit.inTransaction(manager -> manager.persist(entity));
                unit.take("true");
                unit.inTransaction(manager -> manager.find(entity.getClass(), entity.id).name = "y");
                assertThat(unit.take()).isEmpty();
                if (entity instanceof Sized) {
                    unit.inTransaction(manager -> ((Sized) manager.find(entity.getClass(), entity.id)).resize(3));
                    assertThat(unit.take())
                            .containsExactly(entity.getClass().getSimpleName() + " " + entity.id + " UPDATE size");
                }
            }
        }
    }

    @Test
    void anEntityOfAnotherSubclassIsNoSubject() {
        try (Unit unit = unit()) {
            unit.work(SyncMachine.define("a", OneA.class, Long.class)
                    .listenTo(Holder.class, holder -> List.of(1L, 2L, 3L))
                    .build(Base::show)
                    .publish((entity, document) -> calls.add("put " + entity.id))
                    .onDelete(id -> calls.add("delete " + id))
                    .done());
            unit.inTransaction(manager -> {
                manager.persist(named(new OneA(), 1));
                manager.persist(named(new OneB(), 2));
                Holder holder = new Holder();
                holder.id = 9L;
                manager.persist(holder);
            });
            unit.settle();
        }
        assertThat(calls).containsExactly("put 1");
    }

    @Test
    void aReferenceToTheRootIsToldAsWhatItIs() {
        try (Unit unit = unit()) {
            SyncEngine engine = unit.capture(machine(OneA.class), machine(Holder.class, Holder::getClass));
            unit.inTransaction(manager -> {
                manager.persist(named(new OneA(), 1));
                Holder holder = new Holder();
                holder.id = 9L;
                holder.held = manager.getReference(One.class, 1L);
                manager.persist(holder);
            });
            unit.take("true");
            unit.inTransaction(manager ->
                    engine.in(manager).changed(manager.find(Holder.class, 9L).held()));
            assertThat(unit.take()).containsExactly("OneA 1 TOLD *");
            One detached = unit.factory.fromTransaction(
                    session -> session.find(Holder.class, 9L).held());
            assertThatThrownBy(() -> engine.changed(detached))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("One", "id 1", "subclasses", "give the loaded entity");
            Holder unloaded = unit.factory.fromTransaction(session -> session.getReference(Holder.class, 9L));
            engine.changed(unloaded);
            assertThat(unit.take()).containsExactly("Holder 9 TOLD *");
        }
    }

    private SyncMachine<Holder, Long> machine(
            Class<Holder> type, io.syncmachine.function.CheckedFunction<Holder, Object> builder) {
        return SyncMachine.define("holders", type, Long.class)
                .build(holder -> String.valueOf(builder.apply(holder)))
                .publish((holder, document) -> {})
                .done();
    }

    @Test
    void idsToldOfTheRootConcernMachinesOnASubclass() {
        try (Unit unit = unit()) {
            unit.work(machine(One.class), machine(OneA.class));
            unit.inTransaction(manager -> {
                manager.persist(named(new OneA(), 1));
                manager.persist(named(new OneB(), 2));
            });
            unit.settle();
            calls.clear();
            database.execute("update One set name = 'z'");
            unit.engine().changed(One.class, List.of(1L, 2L));
            unit.settle();
        }
        assertThat(calls).containsExactlyInAnyOrder("One put 1 OneA z", "One put 2 OneB z", "OneA put 1 OneA z");
    }

    @Test
    void aSuperclassThatIsNoEntityIsRefusedWithTheEntitiesBelowIt() {
        try (Unit unit = unit()) {
            assertThatThrownBy(() -> unit.capture(SyncMachine.define("holders", Holder.class, Long.class)
                            .listenTo(Base.class, base -> List.of(1L))
                            .build(holder -> "x")
                            .publish((holder, document) -> {})
                            .done()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("holders", "Base", "[Joined, JoinedA, JoinedB, One, ");
        }
    }

    @Test
    void aClassAndItsSuperclassAreNotListenedToBoth() {
        try (Unit unit = unit()) {
            assertThatThrownBy(() -> unit.capture(SyncMachine.define("holders", Holder.class, Long.class)
                            .listenTo(One.class, one -> List.of(1L))
                            .listenTo(OneA.class, one -> List.of(1L))
                            .build(holder -> "x")
                            .publish((holder, document) -> {})
                            .done()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("holders", "OneA", "superclass");
        }
    }
}
