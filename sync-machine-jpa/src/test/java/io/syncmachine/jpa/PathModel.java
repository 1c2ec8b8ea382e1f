package io.syncmachine.jpa;

import jakarta.persistence.CascadeType;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.JoinTable;
import jakarta.persistence.ManyToMany;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MapsId;
import jakarta.persistence.OneToMany;
import jakarta.persistence.OneToOne;
import jakarta.persistence.Table;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.hibernate.Hibernate;
import org.jspecify.annotations.Nullable;

/** Parcels and all that their documents show, by associations of every kind. */
final class PathModel {

    static final Class<?>[] ENTITIES = {
        Parcel.class, Customer.class, Country.class, Port.class, Line.class, Product.class, Category.class, Box.class,
        Note.class, Label.class, Campaign.class, Invoice.class, Cover.class, Payment.class, Card.class, Transfer.class,
        Bank.class, Price.class, Slot.class, Detail.class, Weighing.class, Vehicle.class, Truck.class
    };

    static final String[] PATHS = {
        "status",
        "customer.name",
        "customer.home.city",
        "customer.home.country.name",
        "shipTo.city",
        "shipTo.country.name",
        "tags",
        "attributes",
        "stops.note",
        "stops.port.name",
        "lines.quantity",
        "lines.product.name",
        "lines.product.category.name",
        "lines.product.category.parent.name",
        "boxes.size",
        "boxes.label.text",
        "notes.text",
        "labels.text",
        "campaigns.name",
        "campaigns.country.name",
        "invoice.number",
        "invoice.bank.name",
        "cover.color",
        "payment.paid",
        "payment.number",
        "payment.bank.name",
        "prices.amount",
        "parent.status",
        "parent.parent.status",
        "parent.customer.name",
        "children.status",
        "slot.shelf",
        "slot.country.name",
        "details.text",
        "weighings.grams",
        "vehicle.plate",
        "vehicle.load"
    };

    private PathModel() {}

    /** Fields of a reference that Hibernate has not loaded yet are empty. */
    @SuppressWarnings("unchecked") // of the same class
    static <E> E real(E reference) {
        return (E) Hibernate.unproxy(reference);
    }

    @Entity(name = "Parcel")
    static class Parcel {
        @Id
        Long id;

        String status = "new";

        String unread = "";

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Customer customer;

        @Embedded
        @Nullable
        Address shipTo;

        @ElementCollection
        Set<String> tags = new HashSet<>();

        @ElementCollection
        Map<String, String> attributes = new HashMap<>();

        @ElementCollection
        List<Stop> stops = new ArrayList<>();

        @OneToMany(mappedBy = "parcel")
        Set<Line> lines = new HashSet<>();

        @OneToMany
        @JoinColumn(name = "parcel_id")
        Set<Box> boxes = new HashSet<>();

        @OneToMany(cascade = CascadeType.ALL, orphanRemoval = true)
        @JoinTable(name = "parcel_notes")
        Set<Note> notes = new HashSet<>();

        @ManyToMany
        Set<Label> labels = new HashSet<>();

        @ManyToMany(mappedBy = "parcels")
        Set<Campaign> campaigns = new HashSet<>();

        @OneToOne(mappedBy = "parcel", fetch = FetchType.LAZY)
        @Nullable
        Invoice invoice;

        @OneToOne(fetch = FetchType.LAZY)
        @Nullable
        Cover cover;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Payment payment;

        @ManyToMany
        Map<String, Price> prices = new HashMap<>();

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Parcel parent;

        @OneToMany(mappedBy = "parent")
        Set<Parcel> children = new HashSet<>();

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Slot slot;

        @OneToMany(mappedBy = "parcel")
        Set<Detail> details = new HashSet<>();

        @OneToMany(mappedBy = "parcel")
        Set<Weighing> weighings = new HashSet<>();

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Vehicle vehicle;

        /** All that the paths name, and nothing else. */
        Map<String, Object> document() {
            Map<String, Object> document = new TreeMap<>();
            document.put("status", status);
            document.put("customer", customer == null ? "" : customer.show());
            document.put("shipTo", shipTo == null ? "" : shipTo.show());
            document.put("tags", new TreeSet<>(tags));
            document.put("attributes", new TreeMap<>(attributes));
            document.put("stops", sorted(stops.stream().map(Stop::show).toList()));
            document.put("lines", sorted(lines.stream().map(Line::show).toList()));
            document.put("boxes", sorted(boxes.stream().map(Box::show).toList()));
            document.put(
                    "notes", sorted(notes.stream().map(note -> real(note).text).toList()));
            document.put(
                    "labels",
                    sorted(labels.stream().map(label -> real(label).text).toList()));
            document.put(
                    "campaigns", sorted(campaigns.stream().map(Campaign::show).toList()));
            document.put("invoice", invoice == null ? "" : invoice.show());
            document.put("cover", cover == null ? "" : real(cover).color);
            document.put("payment", payment == null ? "" : real(payment).show());
            document.put(
                    "prices",
                    prices.entrySet().stream()
                            .collect(Collectors.toMap(
                                    Map.Entry::getKey,
                                    price -> real(price.getValue()).amount,
                                    Long::sum,
                                    TreeMap::new)));
            document.put("parent", parent == null ? "" : parent.showAsParent());
            document.put(
                    "children",
                    sorted(children.stream().map(child -> real(child).status).toList()));
            document.put("slot", slot == null ? "" : slot.show());
            document.put(
                    "details",
                    sorted(details.stream().map(detail -> real(detail).text).toList()));
            document.put(
                    "weighings",
                    sorted(weighings.stream()
                            .map(weighing -> "" + real(weighing).grams)
                            .toList()));
            document.put("vehicle", vehicle == null ? "" : real(vehicle).show());
            return document;
        }

        String showAsParent() {
            return status
                    + (parent == null ? "" : " of " + real(parent).status)
                    + (customer == null ? "" : " for " + real(customer).name);
        }

        private static List<String> sorted(List<String> texts) {
            return texts.stream().sorted().toList();
        }
    }

    @Embeddable
    static class Address {
        String city = "";

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Country country;

        String show() {
            return city + (country == null ? "" : " in " + real(country).name);
        }
    }

    @Embeddable
    static class Stop {
        String note = "";

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Port port;

        String show() {
            return note + (port == null ? "" : " at " + real(port).name);
        }
    }

    @Entity(name = "Country")
    static class Country {
        @Id
        String id;

        String name = "";
    }

    @Entity(name = "Port")
    static class Port {
        @Id
        Long id;

        String name = "";
    }

    @Entity(name = "Customer")
    static class Customer {
        @Id
        Long id;

        String name = "";

        String unread = "";

        @Embedded
        @Nullable
        Address home;

        String show() {
            return name + (home == null ? "" : ", " + home.show());
        }
    }

    @Entity(name = "Line")
    static class Line {
        @Id
        Long id;

        int quantity;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Parcel parcel;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Product product;

        String show() {
            return quantity + (product == null ? "" : " " + product.show());
        }
    }

    @Entity(name = "Product")
    static class Product {
        @Id
        Long id;

        String name = "";

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Category category;

        String show() {
            return name + (category == null ? "" : " " + category.show());
        }
    }

    @Entity(name = "Category")
    static class Category {
        @Id
        Long id;

        String name = "";

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Category parent;

        String show() {
            return name + (parent == null ? "" : " below " + real(parent).name);
        }
    }

    /** Its table has the parcel's id; the class does not know. */
    @Entity(name = "Box")
    static class Box {
        @Id
        Long id;

        int size;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Label label;

        String show() {
            return size + (label == null ? "" : " " + real(label).text);
        }
    }

    @Entity(name = "Note")
    static class Note {
        @Id
        Long id;

        String text = "";
    }

    @Entity(name = "Label")
    static class Label {
        @Id
        Long id;

        String text = "";
    }

    /** Has the join table; parcels only look at it. */
    @Entity(name = "Campaign")
    static class Campaign {
        @Id
        Long id;

        String name = "";

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Country country;

        @ManyToMany
        Set<Parcel> parcels = new HashSet<>();

        String show() {
            return name + (country == null ? "" : " in " + real(country).name);
        }
    }

    @Entity(name = "Invoice")
    static class Invoice {
        @Id
        Long id;

        String number = "";

        @OneToOne(fetch = FetchType.LAZY)
        @Nullable
        Parcel parcel;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Bank bank;

        String show() {
            return number + (bank == null ? "" : " " + real(bank).name);
        }
    }

    @Entity(name = "Cover")
    static class Cover {
        @Id
        Long id;

        String color = "";
    }

    @Entity(name = "Payment")
    @Inheritance(strategy = InheritanceType.JOINED)
    abstract static class Payment {
        @Id
        Long id;

        boolean paid;

        String show() {
            return paid ? "paid" : "open";
        }
    }

    @Entity(name = "Card")
    static class Card extends Payment {
        @Nullable
        String number;

        @Override
        String show() {
            return super.show() + " by card " + number;
        }
    }

    @Entity(name = "Transfer")
    static class Transfer extends Payment {
        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Bank bank;

        @Override
        String show() {
            return super.show() + (bank == null ? "" : " by " + real(bank).name);
        }
    }

    @Entity(name = "Bank")
    static class Bank {
        @Id
        Long id;

        String name = "";
    }

    @Entity(name = "Price")
    static class Price {
        @Id
        Long id;

        long amount;
    }

    @Embeddable
    record SlotId(String hall, int no) implements Serializable {}

    @Entity(name = "Slot")
    static class Slot {
        @EmbeddedId
        SlotId id;

        String shelf = "";

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Country country;

        String show() {
            return shelf + (country == null ? "" : " in " + real(country).name);
        }
    }

    @Embeddable
    record DetailId(Long parcelId, int no) implements Serializable {}

    @Entity(name = "Detail")
    static class Detail {
        @EmbeddedId
        DetailId id;

        @MapsId("parcelId")
        @ManyToOne(fetch = FetchType.LAZY)
        Parcel parcel;

        String text = "";
    }

    /** The id of a weighing. */
    static class WeighingId implements Serializable {
        private static final long serialVersionUID = 1L;

        Long parcel = 0L;
        int no;

        WeighingId() {}

        @Override
        public boolean equals(Object other) {
            return other instanceof WeighingId that && no == that.no && parcel.equals(that.parcel);
        }

        @Override
        public int hashCode() {
            return parcel.hashCode() * 31 + no;
        }
    }

    @Entity(name = "Weighing")
    @IdClass(WeighingId.class)
    static class Weighing {
        @Id
        @ManyToOne(fetch = FetchType.LAZY)
        Parcel parcel;

        @Id
        int no;

        int grams;
    }

    @Entity(name = "Vehicle")
    @Inheritance(strategy = InheritanceType.SINGLE_TABLE)
    @Table(name = "vehicles")
    static class Vehicle {
        @Id
        Long id;

        String plate = "";

        String show() {
            return plate;
        }
    }

    @Entity(name = "Truck")
    static class Truck extends Vehicle {
        @Nullable
        Integer load;

        @Override
        String show() {
            return plate + " " + load;
        }
    }
}
