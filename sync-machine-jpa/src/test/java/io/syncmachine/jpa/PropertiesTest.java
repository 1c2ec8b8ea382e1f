package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncMachine;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.AttributeConverter;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.Convert;
import jakarta.persistence.Converter;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.LockModeType;
import jakarta.persistence.ManyToMany;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import jakarta.persistence.Version;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.hibernate.annotations.UpdateTimestamp;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which properties count as changed, however they are mapped. */
class PropertiesTest {

    private final TestDatabase database = TestDatabase.create();
    private final Unit unit = Unit.of(database, Person.class, Country.class, Pet.class);

    @AfterEach
    void close() {
        unit.close();
        database.close();
    }

    @Entity(name = "Country")
    static class Country {
        @Id
        @Nullable
        Long id;

        static Country of(long id) {
            Country country = new Country();
            country.id = id;
            return country;
        }
    }

    /** Where somebody lives. */
    @Embeddable
    static class Address {
        @Nullable
        String city;

        @Nullable
        String street;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Country country;

        @ElementCollection
        Set<String> phones = new HashSet<>();
    }

    /** A map as text. */
    @Converter
    static final class MapConverter implements AttributeConverter<Map<String, String>, String> {

        @Override
        public @Nullable String convertToDatabaseColumn(@Nullable Map<String, String> map) {
            return map == null ? null : new TreeMap<>(map).toString();
        }

        @Override
        public @Nullable Map<String, String> convertToEntityAttribute(@Nullable String text) {
            if (text == null) {
                return null;
            }
            Map<String, String> map = new TreeMap<>();
            for (String entry : text.substring(1, text.length() - 1).split(", ", -1)) {
                if (!entry.isEmpty()) {
                    map.put(entry.substring(0, entry.indexOf('=')), entry.substring(entry.indexOf('=') + 1));
                }
            }
            return map;
        }
    }

    @Entity(name = "Person")
    static class Person {
        @Id
        @Nullable
        Long id;

        @Version
        int version;

        @UpdateTimestamp
        @Nullable
        Instant updatedAt;

        @Nullable
        String name;

        @Nullable
        String note;

        @Column(updatable = false)
        @Nullable
        String origin;

        @Nullable
        Address address;

        @Convert(converter = MapConverter.class)
        @Nullable
        Map<String, String> attributes;

        @ElementCollection
        List<String> nicknames = new ArrayList<>();

        @ManyToMany
        Set<Country> visited = new HashSet<>();

        @OneToMany(mappedBy = "owner", cascade = CascadeType.ALL)
        List<Pet> pets = new ArrayList<>();

        Address address() {
            return Objects.requireNonNull(address);
        }

        Map<String, String> attributes() {
            return Objects.requireNonNull(attributes);
        }
    }

    @Entity(name = "Pet")
    static class Pet {
        @Id
        @Nullable
        Long id;

        @ManyToOne
        @Nullable
        Person owner;
    }

    @BeforeEach
    void createAPerson() {
        unit.inTransaction(manager -> {
            manager.persist(Country.of(1));
            manager.persist(Country.of(2));
            Person person = new Person();
            person.id = 7L;
            person.name = "Ann";
            person.origin = "import";
            person.address = new Address();
            person.address.city = "Bonn";
            person.address.country = manager.getReference(Country.class, 1L);
            person.attributes = new TreeMap<>(Map.of("size", "L"));
            person.nicknames.add("Annie");
            manager.persist(person);
        });
    }

    private void listenTo(String... properties) {
        unit.capture(SyncMachine.define("people", Person.class, Long.class)
                .listenTo(Person.class, properties)
                .build(person -> String.valueOf(person.name))
                .publish((person, document) -> {})
                .done());
    }

    private List<String> change(Consumer<Person> work) {
        unit.inTransaction(manager -> work.accept(manager.find(Person.class, 7L)));
        return unit.take();
    }

    private Country country(long id) {
        return unit.factory.unwrap(org.hibernate.SessionFactory.class).fromTransaction(s -> s.find(Country.class, id));
    }

    @Test
    void aConvertedPropertyThatIsChangedInPlaceCounts() {
        listenTo("attributes");
        assertThat(change(person -> person.attributes().put("colour", "red")))
                .containsExactly("Person 7 UPDATE attributes,updatedAt,version");
        assertThat(change(person -> person.attributes = new TreeMap<>(person.attributes())))
                .isEmpty();
        assertThat(change(person -> person.name = "Bob")).isEmpty();
        assertThat(change(person -> person.attributes = null)).hasSize(1);
    }

    @Test
    void anEmbeddableCountsAsAWholeAndByItsParts() {
        listenTo("address");
        assertThat(change(person -> person.address().city = "Rome"))
                .containsExactly("Person 7 UPDATE address,address.city,updatedAt,version");
        assertThat(change(person -> person.name = "Bob")).isEmpty();
    }

    @Test
    void aPartOfAnEmbeddableCanBeListenedTo() {
        listenTo("address.city");
        assertThat(change(person -> person.address().street = "High Street")).isEmpty();
        assertThat(change(person -> person.address().city = "Rome")).hasSize(1);
        assertThat(change(person -> person.address = null))
                .singleElement()
                .asString()
                .contains("address.city", "address.country=1");
        assertThat(change(person -> {
                    person.address = new Address();
                    person.address().city = "Rome";
                }))
                .singleElement()
                .asString()
                .contains("address.city");
    }

    @Test
    void aReferenceInAnEmbeddableTellsWhatItPointedTo() {
        listenTo("address.country");
        assertThat(change(person -> person.address().country = country(2)))
                .containsExactly("Person 7 UPDATE address,address.country,updatedAt,version,address.country=1");
        unit.inTransaction(manager -> manager.remove(manager.find(Person.class, 7L)));
        assertThat(unit.take()).containsExactly("Person 7 DELETE *,address.country=2");
    }

    @Test
    void aCollectionCountsWithoutAColumn() {
        listenTo("nicknames", "visited");
        assertThat(change(person -> person.nicknames.add("A."))).containsExactly("Person 7 UPDATE nicknames");
        assertThat(change(person -> person.nicknames.clear())).hasSize(1);
        assertThat(change(person -> person.nicknames = new ArrayList<>(List.of("B."))))
                .hasSize(1);
        assertThat(change(person -> person.visited.add(country(1)))).containsExactly("Person 7 UPDATE visited");
        assertThat(change(person -> person.visited.clear())).hasSize(1);
        assertThat(change(person -> person.address().phones.add("1"))).isEmpty();
    }

    @Test
    void aCollectionInAnEmbeddableCounts() {
        listenTo("address.phones");
        assertThat(change(person -> person.address().phones.add("1")))
                .containsExactly("Person 7 UPDATE address,address.phones");
        assertThat(change(person -> person.address().city = "Rome")).isEmpty();
    }

    @Test
    void theInverseSideCountsOnlyIfItIsChangedItself() {
        listenTo("pets");
        assertThat(change(person -> {
                    Pet pet = new Pet();
                    pet.id = 1L;
                    pet.owner = person;
                    person.pets.add(pet);
                }))
                .hasSize(1);
        unit.inTransaction(manager -> {
            Pet pet = new Pet();
            pet.id = 2L;
            pet.owner = manager.find(Person.class, 7L);
            manager.persist(pet);
        });
        assertThat(unit.take()).isEmpty();
    }

    @Test
    void aChangedCollectionIsAlsoAChangedVersion() {
        listenTo("version");
        assertThat(change(person -> person.nicknames.add("A.")))
                .singleElement()
                .asString()
                .contains("version");
    }

    @Test
    void versionsCountWhereTheyAreListenedTo() {
        listenTo("version");
        assertThat(change(person -> person.note = "x")).containsExactly("Person 7 UPDATE note,updatedAt,version");
    }

    @Test
    void timestampsCountWhereTheyAreListenedTo() {
        listenTo("updatedAt");
        assertThat(change(person -> person.note = "x")).hasSize(1);
    }

    @Test
    void otherPropertiesThanTheListenedOnesDoNotCount() {
        listenTo("name");
        assertThat(change(person -> person.note = "x")).isEmpty();
        assertThat(change(person -> person.nicknames.add("A."))).isEmpty();
    }

    @Test
    void withoutAFilterEveryUpdateCounts() {
        listenTo();
        assertThat(change(person -> person.note = "x")).hasSize(1);
        assertThat(change(person -> person.nicknames.add("A."))).hasSize(1);
        assertThat(change(person -> person.origin = "never written")).isEmpty();
    }

    @Test
    void aVersionThatIsForcedUpIsNotSeenForHibernateTellsNobody() {
        listenTo();
        unit.inTransaction(
                manager -> manager.lock(manager.find(Person.class, 7L), LockModeType.OPTIMISTIC_FORCE_INCREMENT));
        assertThat(unit.take()).isEmpty();
    }

    @Test
    void aMergedDetachedEntityTellsWhatDiffers() {
        listenTo("name", "note");
        Person detached = unit.factory.fromTransaction(session -> session.find(Person.class, 7L));
        detached.name = "Bob";
        unit.inTransaction(manager -> manager.merge(detached));
        assertThat(unit.take()).containsExactly("Person 7 UPDATE name,updatedAt,version");
    }
}
