package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityManager;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.hibernate.boot.registry.BootstrapServiceRegistryBuilder;
import org.hibernate.bytecode.enhance.spi.DefaultEnhancementContext;
import org.hibernate.bytecode.enhance.spi.EnhancementContext;
import org.hibernate.bytecode.enhance.spi.Enhancer;
import org.hibernate.bytecode.internal.BytecodeProviderInitiator;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.spi.ManagedEntity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Entities whose classes Hibernate has enhanced: they track their own changes, and load attributes when they are asked for. */
class EnhancedEntitiesTest {

    private static final String PACKAGE = "io.syncmachine.jpa.enhanced.";

    private final TestDatabase database = TestDatabase.create();
    private final Enhancing loader = new Enhancing();
    private final Class<?> author = loader.entity("Author");
    private final Class<?> note = loader.entity("Note");
    private final Unit unit = unit();
    private final List<String> calls = new CopyOnWriteArrayList<>();

    /** Enhances the classes of one package as it loads them. */
    private static final class Enhancing extends ClassLoader {

        private final Enhancer enhancer;

        Enhancing() {
            super(EnhancedEntitiesTest.class.getClassLoader());
            ClassLoader self = this;
            EnhancementContext context = new DefaultEnhancementContext() {
                @Override
                public ClassLoader getLoadingClassLoader() {
                    return self.getParent();
                }
            };
            enhancer = BytecodeProviderInitiator.buildDefaultBytecodeProvider().getEnhancer(context);
        }

        Class<?> entity(String name) {
            try {
                return Class.forName(PACKAGE + name, true, this);
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded != null) {
                    return loaded;
                }
                return name.matches(".*\\.enhanced\\.[A-Z][a-z]+") ? define(name) : super.loadClass(name, resolve);
            }
        }

        private Class<?> define(String name) {
            try (InputStream in =
                    Objects.requireNonNull(getParent().getResourceAsStream(name.replace('.', '/') + ".class"))) {
                byte[] original = in.readAllBytes();
                enhancer.discoverTypes(name, original);
                byte[] enhanced = Objects.requireNonNull(enhancer.enhance(name, original));
                return defineClass(name, enhanced, 0, enhanced.length);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private Unit unit() {
        Configuration configuration = new Configuration(
                new BootstrapServiceRegistryBuilder().applyClassLoader(loader).build());
        configuration.addAnnotatedClass(author).addAnnotatedClass(note);
        configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", database.dataSource());
        configuration.setProperty("hibernate.hbm2ddl.auto", "update");
        return Unit.of(database, configuration.buildSessionFactory());
    }

    private static Object create(Class<?> type, long id) {
        try {
            Object entity = type.getConstructor().newInstance();
            set(entity, "Id", Long.class, id);
            return entity;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void set(Object entity, String property, Class<?> type, Object value) {
        try {
            entity.getClass().getMethod("set" + property, type).invoke(entity, value);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object get(Object entity, String property) {
        try {
            return entity.getClass().getMethod("get" + property).invoke(entity);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeEach
    void createANote() {
        assertThat(ManagedEntity.class).isAssignableFrom(note);
        unit.inTransaction(manager -> {
            for (long id = 1; id <= 4; id++) {
                Object persisted = create(author, id);
                set(persisted, "Code", Long.class, id * 100);
                manager.persist(persisted);
            }
            Object created = create(note, 9);
            set(created, "Title", String.class, "title");
            set(created, "Text", String.class, "text");
            set(created, "Author", author, manager.getReference(author, 1L));
            set(created, "Editor", author, manager.getReference(author, 2L));
            set(created, "Reviewer", author, manager.find(author, 2L));
            manager.persist(created);
        });
    }

    @AfterEach
    void close() {
        unit.close();
        database.close();
    }

    private <E> SyncMachine<E, Long> machine(Class<E> type, String... properties) {
        return SyncMachine.define("notes", type, Long.class)
                .listenTo(type, properties)
                .build(found -> get(found, "Title") + " " + get(found, "Text"))
                .publish((found, document) -> calls.add(document))
                .done();
    }

    private Object theNote(EntityManager manager) {
        return manager.find(note, 9L);
    }

    @Test
    void aLazyAttributeThatWasNotLoadedIsSeenWhenItIsWritten() {
        unit.capture(machine(note, "text"));
        unit.inTransaction(manager -> set(theNote(manager), "Text", String.class, "other"));
        assertThat(unit.take()).containsExactly("Note 9 UPDATE text");
        unit.inTransaction(manager -> set(theNote(manager), "Title", String.class, "other"));
        assertThat(unit.take()).isEmpty();
    }

    @Test
    void aLazyReferenceTellsWhatItPointedTo() {
        unit.capture(machine(note));
        unit.inTransaction(manager -> set(theNote(manager), "Author", author, manager.getReference(author, 3L)));
        assertThat(unit.take()).containsExactly("Note 9 UPDATE author,author=1");
        unit.inTransaction(manager -> manager.remove(theNote(manager)));
        assertThat(unit.take()).singleElement().asString().startsWith("Note 9 DELETE *,author=3");
    }

    @Test
    void aReferenceInALazyGroupTellsWhatItPointedTo() {
        unit.capture(machine(note));
        unit.inTransaction(manager -> set(theNote(manager), "Editor", author, manager.getReference(author, 4L)));
        assertThat(unit.take()).containsExactly("Note 9 UPDATE editor,editor=2");
    }

    @Test
    void aReferenceIsNotedFromAReferenceThatWasNeverLoaded() {
        unit.capture(machine(note));
        unit.inTransaction(
                manager -> set(manager.getReference(note, 9L), "Author", author, manager.getReference(author, 3L)));
        assertThat(unit.take()).containsExactly("Note 9 UPDATE author,author=1");
    }

    @Test
    void aReferenceByAnotherColumnThatWasNeverLoadedDoesNotDisturbTheHost() {
        unit.capture(machine(note));
        unit.inTransaction(manager -> set(theNote(manager), "Reviewer", author, manager.find(author, 3L)));
        assertThat(unit.take()).containsExactly("Note 9 UPDATE reviewer");
        unit.inTransaction(manager -> manager.remove(theNote(manager)));
        assertThat(unit.take()).hasSize(1);
    }

    @Test
    void aReferenceThatIsNotLoadedIsTold() {
        SyncEngine engine = unit.capture(machine(note));
        unit.inTransaction(manager -> engine.in(manager).changed(manager.getReference(note, 9L)));
        assertThat(unit.take()).containsExactly("Note 9 TOLD *");
    }

    @Test
    void theyArePublished() {
        unit.work(machine(note));
        unit.inTransaction(manager -> set(theNote(manager), "Text", String.class, "other"));
        unit.settle();
        assertThat(calls).containsExactly("title other");
    }
}
