package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.SyncMachine;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JsonIdCodec;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.AttributeConverter;
import jakarta.persistence.Convert;
import jakarta.persistence.Converter;
import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MapsId;
import jakarta.persistence.OneToOne;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.hibernate.annotations.JavaType;
import org.hibernate.type.SqlTypes;
import org.hibernate.type.descriptor.WrapperOptions;
import org.hibernate.type.descriptor.java.AbstractClassJavaType;
import org.hibernate.type.descriptor.jdbc.JdbcType;
import org.hibernate.type.descriptor.jdbc.JdbcTypeIndicators;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every kind of id: captured, written as text, read back, published and deleted. */
class IdsTest {

    private final TestDatabase database = TestDatabase.create();
    private final List<String> calls = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        database.close();
    }

    /** Has a name beside its id. */
    interface Named {
        void setName(String name);

        @Nullable
        String getName();
    }

    private <E extends Named, ID> SyncMachine<E, ID> machine(Class<E> type, Class<ID> idType) {
        return SyncMachine.define(type.getSimpleName(), type, idType)
                .listenTo(type, "name")
                .build(entity -> String.valueOf(entity.getName()))
                .publish(publication -> calls.add("put " + publication.id() + " " + publication.document()))
                .onDelete(id -> calls.add("delete " + id))
                .done();
    }

    /** From its creation to its deletion. */
    private <E extends Named, ID> void lives(Class<E> type, Class<ID> idType, Supplier<E> create, Class<?>... others) {
        Class<?>[] entities = new Class<?>[others.length + 1];
        entities[0] = type;
        System.arraycopy(others, 0, entities, 1, others.length);
        try (Unit unit = Unit.of(database, entities)) {
            unit.work(machine(type, idType));
            List<Object> ids = new CopyOnWriteArrayList<>();
            unit.inTransaction(manager -> {
                E entity = create.get();
                entity.setName("one");
                E managed = manager.merge(entity);
                manager.flush();
                ids.add(unit.factory.getPersistenceUnitUtil().getIdentifier(managed));
            });
            unit.settle();
            Object id = ids.get(0);
            assertThat(id).isInstanceOf(idType);
            isGoneThrough(unit, type, idType.cast(id));
            unit.inTransaction(manager -> manager.find(type, id).setName("two"));
            unit.settle();
            unit.stateless(session -> {
                E entity = Objects.requireNonNull(session.get(type, id));
                entity.setName("three");
                session.update(entity);
            });
            unit.settle();
            unit.inTransaction(manager -> manager.remove(manager.find(type, id)));
            unit.settle();
            assertThat(calls)
                    .containsExactly(
                            "put " + id + " one", "put " + id + " two", "put " + id + " three", "delete " + id);
        }
    }

    /** An id is found among all; one whose part is several columns cannot be, and says so. */
    private static <E, ID> void isGoneThrough(Unit unit, Class<E> type, ID id) {
        JpaEntities entities = JpaEntities.of(unit.factory);
        try {
            assertThat(entities.<E, ID>ids(Change.DEFAULT_TENANT, type, null, 10))
                    .containsExactly(id);
            assertThat(entities.<E, ID>ids(Change.DEFAULT_TENANT, type, id, 10)).isEmpty();
            assertThat(entities.<E, ID>count(Change.DEFAULT_TENANT, type)).isEqualTo(1);
        } catch (UnsupportedOperationException e) {
            assertThat(e).hasMessageContaining(type.getSimpleName()).hasMessageContaining("no single value");
            assertThat(type.getSimpleName()).contains("Derived", "Embed");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private void refused(Class<?> type, Class<?> idType, List<Class<?>> others, String... words) {
        Class<?>[] entities = new Class<?>[others.size() + 1];
        entities[0] = type;
        for (int i = 0; i < others.size(); i++) {
            entities[i + 1] = others.get(i);
        }
        try (Unit unit = Unit.of(database, entities)) {
            assertThatThrownBy(() -> unit.work(SyncMachine.define("ids", type, idType)
                            .build(entity -> "x")
                            .publish((entity, document) -> {})
                            .done()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("machine 'ids'")
                    .hasMessageContainingAll(words);
        }
    }

    /** Holds the name. */
    @jakarta.persistence.MappedSuperclass
    abstract static class Base implements Named {
        @Nullable
        String name;

        @Override
        public void setName(String name) {
            this.name = name;
        }

        @Override
        public @Nullable String getName() {
            return name;
        }
    }

    @Entity(name = "WithPrimitiveShort")
    static class WithPrimitiveShort extends Base {
        @Id
        short id;

        static WithPrimitiveShort create() {
            WithPrimitiveShort entity = new WithPrimitiveShort();
            entity.id = (short) 7;
            return entity;
        }
    }

    @Test
    void primitiveShort() {
        lives(WithPrimitiveShort.class, Short.class, WithPrimitiveShort::create);
    }

    @Entity(name = "WithPrimitiveInt")
    static class WithPrimitiveInt extends Base {
        @Id
        int id;

        static WithPrimitiveInt create() {
            WithPrimitiveInt entity = new WithPrimitiveInt();
            entity.id = 7;
            return entity;
        }
    }

    @Test
    void primitiveInt() {
        lives(WithPrimitiveInt.class, Integer.class, WithPrimitiveInt::create);
    }

    @Entity(name = "WithBoxedInteger")
    static class WithBoxedInteger extends Base {
        @Id
        @Nullable
        Integer id;

        static WithBoxedInteger create() {
            WithBoxedInteger entity = new WithBoxedInteger();
            entity.id = 7;
            return entity;
        }
    }

    @Test
    void boxedInteger() {
        lives(WithBoxedInteger.class, Integer.class, WithBoxedInteger::create);
    }

    @Entity(name = "WithPrimitiveLong")
    static class WithPrimitiveLong extends Base {
        @Id
        long id;

        static WithPrimitiveLong create() {
            WithPrimitiveLong entity = new WithPrimitiveLong();
            entity.id = 7L;
            return entity;
        }
    }

    @Test
    void primitiveLong() {
        lives(WithPrimitiveLong.class, Long.class, WithPrimitiveLong::create);
    }

    @Entity(name = "WithBoxedLong")
    static class WithBoxedLong extends Base {
        @Id
        @Nullable
        Long id;

        static WithBoxedLong create() {
            WithBoxedLong entity = new WithBoxedLong();
            entity.id = 7L;
            return entity;
        }
    }

    @Test
    void boxedLong() {
        lives(WithBoxedLong.class, Long.class, WithBoxedLong::create);
    }

    @Entity(name = "WithText")
    static class WithText extends Base {
        @Id
        @Nullable
        String id;

        static WithText create() {
            WithText entity = new WithText();
            entity.id = "a b/ü";
            return entity;
        }
    }

    @Test
    void text() {
        lives(WithText.class, String.class, WithText::create);
    }

    @Entity(name = "WithUuid")
    static class WithUuid extends Base {
        @Id
        @Nullable
        UUID id;

        static WithUuid create() {
            WithUuid entity = new WithUuid();
            entity.id = UUID.fromString("123e4567-e89b-12d3-a456-426614174000");
            return entity;
        }
    }

    @Test
    void uuid() {
        lives(WithUuid.class, UUID.class, WithUuid::create);
    }

    @Entity(name = "WithDate")
    static class WithDate extends Base {
        @Id
        @Nullable
        LocalDate id;

        static WithDate create() {
            WithDate entity = new WithDate();
            entity.id = LocalDate.of(2026, 2, 28);
            return entity;
        }
    }

    @Test
    void date() {
        lives(WithDate.class, LocalDate.class, WithDate::create);
    }

    @Entity(name = "Generated")
    static class Generated extends Base {
        @Id
        @GeneratedValue
        @Nullable
        UUID id;
    }

    @Test
    void generated() {
        lives(Generated.class, UUID.class, Generated::new);
    }

    /** Where a country is. */
    enum Part {
        NORTH,
        SOUTH
    }

    @Entity(name = "WithEnum")
    static class WithEnum extends Base {
        @Id
        @Enumerated(EnumType.STRING)
        @Nullable
        Part id;
    }

    @Test
    void enumerated() {
        lives(WithEnum.class, Part.class, () -> {
            WithEnum entity = new WithEnum();
            entity.id = Part.SOUTH;
            return entity;
        });
    }

    /** A book's number. */
    record Isbn(String value) implements Serializable {}

    /** Makes it a column. */
    static final class IsbnType extends AbstractClassJavaType<Isbn> {

        private static final long serialVersionUID = 1L;

        IsbnType() {
            super(Isbn.class);
        }

        @Override
        public JdbcType getRecommendedJdbcType(JdbcTypeIndicators indicators) {
            return indicators.getJdbcType(SqlTypes.VARCHAR);
        }

        @Override
        public String toString(Isbn value) {
            return value.value();
        }

        @Override
        public Isbn fromString(CharSequence text) {
            return new Isbn(text.toString());
        }

        @Override
        public <X> @Nullable X unwrap(@Nullable Isbn value, Class<X> type, WrapperOptions options) {
            return value == null ? null : type.cast(type.isInstance(value) ? value : value.value());
        }

        @Override
        public <X> @Nullable Isbn wrap(@Nullable X value, WrapperOptions options) {
            return value == null || value instanceof Isbn ? (Isbn) value : new Isbn((String) value);
        }
    }

    @Entity(name = "WithCustomType")
    static class WithCustomType extends Base {
        @Id
        @JavaType(IsbnType.class)
        @Nullable
        Isbn id;
    }

    @Test
    void customType() {
        lives(WithCustomType.class, Isbn.class, () -> {
            WithCustomType entity = new WithCustomType();
            entity.id = new Isbn("978-3");
            return entity;
        });
    }

    /** Makes it a column, in an embedded id. */
    @Converter
    static final class IsbnConverter implements AttributeConverter<Isbn, String> {

        @Override
        public @Nullable String convertToDatabaseColumn(@Nullable Isbn value) {
            return value == null ? null : value.value();
        }

        @Override
        public @Nullable Isbn convertToEntityAttribute(@Nullable String text) {
            return text == null ? null : new Isbn(text);
        }
    }

    /** One print of a book. */
    @Embeddable
    record Print(@Convert(converter = IsbnConverter.class) Isbn isbn, int number) implements Serializable {}

    @Entity(name = "WithConverter")
    static class WithConverter extends Base {
        @EmbeddedId
        @Nullable
        Print id;
    }

    @Test
    void embeddedWithAConverter() {
        lives(WithConverter.class, Print.class, () -> {
            WithConverter entity = new WithConverter();
            entity.id = new Print(new Isbn("978-3"), 2);
            return entity;
        });
    }

    /** A key as it was written before there were records. */
    @Embeddable
    static class OldKey implements Serializable {
        private static final long serialVersionUID = 1L;

        @Nullable
        String region;

        int number;

        OldKey() {}

        OldKey(String region, int number) {
            this.region = region;
            this.number = number;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof OldKey key && Objects.equals(region, key.region) && number == key.number;
        }

        @Override
        public int hashCode() {
            return Objects.hash(region, number);
        }

        @Override
        public String toString() {
            return region + "-" + number;
        }
    }

    @Entity(name = "WithEmbedded")
    static class WithEmbedded extends Base {
        @EmbeddedId
        @Nullable
        OldKey id;
    }

    @Test
    void embedded() {
        lives(WithEmbedded.class, OldKey.class, () -> {
            WithEmbedded entity = new WithEmbedded();
            entity.id = new OldKey("n", 3);
            return entity;
        });
    }

    @Entity(name = "WithIdClass")
    @IdClass(OldKey.class)
    static class WithIdClass extends Base {
        @Id
        @Nullable
        String region;

        @Id
        int number;
    }

    @Test
    void idClass() {
        lives(WithIdClass.class, OldKey.class, () -> {
            WithIdClass entity = new WithIdClass();
            entity.region = "n";
            entity.number = 3;
            return entity;
        });
    }

    /** What the derived ids are derived from. */
    @Entity(name = "Parent")
    static class Parent {
        @Id
        long id;

        static Parent of(long id) {
            Parent parent = new Parent();
            parent.id = id;
            return parent;
        }
    }

    private void createParent() {
        try (Unit unit = Unit.of(database, Parent.class)) {
            unit.inTransaction(manager -> manager.persist(Parent.of(5)));
        }
    }

    /** A parent's id and a number. */
    @Embeddable
    record ChildKey(Long parentId, int number) implements Serializable {}

    @Entity(name = "Child")
    static class Child extends Base {
        @EmbeddedId
        ChildKey id = new ChildKey(5L, 1);

        @MapsId("parentId")
        @ManyToOne
        Parent parent = Parent.of(5);
    }

    @Test
    void embeddedWithAMappedAssociation() {
        createParent();
        lives(Child.class, ChildKey.class, Child::new, Parent.class);
    }

    @Entity(name = "Twin")
    static class Twin extends Base {
        @Id
        @Nullable
        Long id;

        @MapsId
        @OneToOne
        Parent parent = Parent.of(5);
    }

    @Test
    void theIdOfAnotherEntity() {
        createParent();
        lives(Twin.class, Long.class, Twin::new, Parent.class);
    }

    /** The id class of a derived identity: by the name of the association, of the type of its id. */
    record DerivedKey(Long parent, int number) implements Serializable {}

    @Entity(name = "Derived")
    @IdClass(DerivedKey.class)
    static class Derived extends Base {
        @Id
        @ManyToOne
        Parent parent = Parent.of(5);

        @Id
        int number = 3;
    }

    @Test
    void idClassWithADerivedAttribute() {
        createParent();
        lives(Derived.class, DerivedKey.class, Derived::new, Parent.class);
    }

    /** Holds the entity itself. */
    @Embeddable
    record EntityKey(@ManyToOne Parent parent, int number) implements Serializable {}

    @Entity(name = "WithEntityInId")
    static class WithEntityInId {
        @EmbeddedId
        @Nullable
        EntityKey id;
    }

    @Test
    void embeddedWithAnAssociationIsRefused() {
        refused(
                WithEntityInId.class,
                EntityKey.class,
                List.of(Parent.class),
                "WithEntityInId",
                "'parent'",
                "is an entity",
                "@MapsId");
    }

    @Entity(name = "WithBytes")
    static class WithBytes {
        @Id
        byte @Nullable [] id;
    }

    @Test
    void arraysAreRefused() {
        refused(WithBytes.class, byte[].class, List.of(), "WithBytes", "byte[]", "String");
    }

    /** Without equals. */
    @Embeddable
    static class Identity implements Serializable {
        private static final long serialVersionUID = 1L;

        int number;
    }

    @Entity(name = "WithIdentity")
    static class WithIdentity {
        @EmbeddedId
        @Nullable
        Identity id;
    }

    @Test
    void idsWithoutEqualsAreRefused() {
        refused(WithIdentity.class, Identity.class, List.of(), "WithIdentity", "equals and hashCode", "record");
    }

    /** Cannot be made from its fields. */
    static final class Code implements Serializable {
        private static final long serialVersionUID = 1L;
        private final String value;

        Code(String value) {
            this.value = value;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Code code && code.value.equals(value);
        }

        @Override
        public int hashCode() {
            return value.hashCode();
        }
    }

    @Test
    void idsThatCannotBeReadBackAreRefused() {
        assertThat(new JsonIdCodec<>(Code.class).objection()).contains("Code");
        assertThat(new JsonIdCodec<>(OldKey.class).objection()).isNull();
        assertThat(new JsonIdCodec<>(ChildKey.class).objection()).isNull();
        assertThat(new JsonIdCodec<>(LocalDate.class).objection()).isNull();
    }

    @Entity(name = "Loose")
    static class Loose implements Serializable {
        private static final long serialVersionUID = 1L;

        @Id
        long a;

        @Id
        long b;
    }

    @Test
    void idsOfSeveralAttributesWithoutAClassAreRefused() {
        refused(Loose.class, Long.class, List.of(), "Loose", "@IdClass");
    }
}
