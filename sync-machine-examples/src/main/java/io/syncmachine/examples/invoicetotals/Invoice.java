package io.syncmachine.examples.invoicetotals;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import java.math.BigDecimal;

/** An invoice, whose total is kept in step with its items. */
@Entity
public class Invoice {

    @Id
    private Long id;

    @ManyToOne(optional = false)
    private User user;

    private BigDecimal total;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Invoice() {}

    public Long getId() {
        return id;
    }

    public User getUser() {
        return user;
    }

    public BigDecimal getTotal() {
        return total;
    }
}
