package io.syncmachine.examples.invoicetotals;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.math.BigDecimal;

/** What is sold. */
@Entity
public class Product {

    @Id
    private Long id;

    private BigDecimal price;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Product() {}

    public Long getId() {
        return id;
    }

    public BigDecimal getPrice() {
        return price;
    }
}
