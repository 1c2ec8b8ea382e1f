package io.syncmachine.examples.orders;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;

/** A customer. Knows nothing of her orders: she may have a great many. */
@Entity
public class Customer {

    @Id
    private Long id;

    private String firstName;
    private String lastName;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Customer() {}

    /** A new one. */
    public Customer(Long id, String firstName, String lastName) {
        this.id = id;
        this.firstName = firstName;
        this.lastName = lastName;
    }

    public Long getId() {
        return id;
    }

    public String getFullName() {
        return firstName + " " + lastName;
    }

    public void setLastName(String lastName) {
        this.lastName = lastName;
    }
}
