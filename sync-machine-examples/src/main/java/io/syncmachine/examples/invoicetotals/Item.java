package io.syncmachine.examples.invoicetotals;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import org.hibernate.annotations.OnDelete;
import org.hibernate.annotations.OnDeleteAction;
import org.jspecify.annotations.Nullable;

/** A line of an invoice, which the database deletes with its invoice. */
@Entity
public class Item {

    @Id
    private Long id;

    @ManyToOne(optional = false)
    @OnDelete(action = OnDeleteAction.CASCADE)
    private Invoice invoice;

    @ManyToOne(optional = false)
    private Product product;

    private int quantity;

    @Nullable
    private String note;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Item() {}

    public Long getId() {
        return id;
    }

    public Invoice getInvoice() {
        return invoice;
    }

    public Product getProduct() {
        return product;
    }

    public int getQuantity() {
        return quantity;
    }

    @Nullable
    public String getNote() {
        return note;
    }
}
