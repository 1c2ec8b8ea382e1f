package io.syncmachine.benchmarks;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

/** A customer, whose name is in the documents of its orders. */
@Entity
@Table(name = "customers")
class Customer {

    @Id
    private Long id;

    private String firstName;
    private String lastName;
    private int revision;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    Customer() {}

    Long getId() {
        return id;
    }

    String getFullName() {
        return firstName + " " + lastName;
    }

    /** Counts what changes documents. */
    int getRevision() {
        return revision;
    }

    void rename(String newLastName) {
        lastName = newLastName;
        revision++;
    }
}
