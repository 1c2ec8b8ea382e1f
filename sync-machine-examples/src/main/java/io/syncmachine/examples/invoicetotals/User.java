package io.syncmachine.examples.invoicetotals;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

/** Who gets invoices. */
@Entity
@Table(name = "\"user\"")
public class User {

    @Id
    private Long id;

    private String name;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected User() {}

    public Long getId() {
        return id;
    }

    public String getName() {
        return name;
    }
}
