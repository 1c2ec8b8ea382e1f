package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.OrderLine;
import io.syncmachine.spi.TableMapping;
import io.syncmachine.spi.TableMapping.Column;
import io.syncmachine.spi.TableMapping.Form;
import io.syncmachine.spi.TableMapping.IdText;
import io.syncmachine.spi.TableMapping.Piece;
import io.syncmachine.spi.TableMapping.Reference;
import io.syncmachine.spi.TableMapping.Role;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.DiscriminatorValue;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.SecondaryTable;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Where entities are, as Hibernate's mapping says it. */
class EntityTablesTest {

    @Entity(name = "Vehicle")
    @Inheritance(strategy = InheritanceType.SINGLE_TABLE)
    static class Vehicle {
        @Id
        long id;

        int wheels;
    }

    @Entity(name = "Bike")
    @DiscriminatorValue("bike")
    static class Bike extends Vehicle {
        String bell;
    }

    @Entity(name = "Animal")
    @Inheritance(strategy = InheritanceType.JOINED)
    static class Animal {
        @Id
        long id;

        String name;
    }

    @Entity(name = "Dog")
    static class Dog extends Animal {
        String bark;
    }

    @Entity(name = "Shape")
    @Inheritance(strategy = InheritanceType.TABLE_PER_CLASS)
    abstract static class Shape {
        @Id
        long id;

        String colour;
    }

    @Entity(name = "Circle")
    static class Circle extends Shape {
        int radius;
    }

    @Entity(name = "Letter")
    @Table(name = "\"Letter\"", schema = "public")
    @SecondaryTable(name = "letter_text")
    static class Letter {
        @Id
        String id;

        @jakarta.persistence.Column(table = "letter_text")
        String text;
    }

    @Entity(name = "Moment")
    static class Moment {
        @Id
        Instant id;
    }

    private final TestDatabase database = TestDatabase.create();
    private final Unit unit = Unit.of(
            database,
            Customer.class,
            Order.class,
            OrderLine.class,
            Vehicle.class,
            Bike.class,
            Animal.class,
            Dog.class,
            Shape.class,
            Circle.class,
            Letter.class,
            Moment.class);
    private final JpaEntities entities = JpaEntities.of(unit.factory);

    @AfterEach
    void close() {
        unit.close();
        database.close();
    }

    /** Lines of type, table, what a row is, the id, and properties with their columns. */
    private List<String> tables(Class<?> type) {
        return entities.tables(type).stream()
                .map(table ->
                        table.type() + " in " + (table.schema() == null ? "" : table.schema() + ".") + table.table()
                                + " " + table.role() + " " + text(table.id()) + " " + properties(table)
                                + (table.discriminator() == null
                                        ? ""
                                        : " where " + table.discriminator().column() + "="
                                                + table.discriminator().value()))
                .sorted()
                .toList();
    }

    private static String text(IdText id) {
        return id.pieces().stream().map(EntityTablesTest::text).collect(Collectors.joining());
    }

    private static String text(Piece piece) {
        return piece.form() == Form.LITERAL ? piece.text() : "<" + piece.text() + ">";
    }

    private static Map<String, List<String>> properties(TableMapping table) {
        return table.properties().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        entry -> entry.getValue().stream().map(Column::name).toList(),
                        (a, b) -> a,
                        TreeMap::new));
    }

    private static Reference reference(TableMapping table, String property) {
        return Objects.requireNonNull(table.references().get(property));
    }

    @Test
    void propertiesAreInColumnsAndCollectionsInTables() {
        assertThat(tables(Order.class))
                .containsExactly(
                        "Order in order_tags PART <order_id> {tags=[tags]}",
                        "Order in orders ENTITY <id> {customer=[customer_id], id=[id], status=[status], warehouseCode=[warehousecode]}");
        TableMapping orders = entities.tables(Order.class).stream()
                .filter(table -> table.role() == Role.ENTITY)
                .findFirst()
                .orElseThrow();
        assertThat(orders.references()).containsOnlyKeys("customer");
        assertThat(reference(orders, "customer").target()).isEqualTo(Customer.class);
        assertThat(text(reference(orders, "customer").id())).isEqualTo("<customer_id>");
    }

    @Test
    void anIdOfSeveralValuesIsJson() {
        TableMapping lines = entities.tables(OrderLine.class).get(0);

        assertThat(text(lines.id())).startsWith("{\"").contains("\"orderId\":<order_id>");
        assertThat(reference(lines, "order").target()).isEqualTo(Order.class);
    }

    @Test
    void classesOfAHierarchyAreInOneTableOrSeveral() {
        assertThat(tables(Vehicle.class))
                .containsExactly(
                        "Bike in vehicle ENTITY <id> {bell=[bell], id=[id], wheels=[wheels]} where dtype=bike",
                        "Vehicle in vehicle ENTITY <id> {id=[id], wheels=[wheels]} where dtype=Vehicle");
        assertThat(tables(Shape.class))
                .containsExactly("Circle in circle ENTITY <id> {colour=[colour], id=[id], radius=[radius]}");
        assertThat(tables(Animal.class))
                .contains(
                        "Animal in animal ENTITY <id> {id=[id], name=[name]}",
                        "Dog in dog PART <id> {bark=[bark], id=[id]}");
        assertThat(tables(Dog.class))
                .anyMatch(table -> table.startsWith("Dog in dog ENTITY <id> {"))
                .anyMatch(table -> table.startsWith("Dog in animal PART <id> {"));
    }

    @Test
    void aSecondaryTableHoldsPartsAndNamesAreThoseOfTheCatalogue() {
        assertThat(tables(Letter.class))
                .containsExactly(
                        "Letter in letter_text PART <id> {text=[text]}",
                        "Letter in public.Letter ENTITY <id> {id=[id]}");
    }

    @Test
    void anIdThatNoDatabaseWritesAsItsCodecDoesIsRefused() {
        assertThatThrownBy(() -> entities.tables(Moment.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the id of Moment")
                .hasMessageContaining("java.time.Instant");
    }
}
