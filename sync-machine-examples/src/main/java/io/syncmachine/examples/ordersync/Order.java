package io.syncmachine.examples.ordersync;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

/** An order: the subject, whose document the service holds. */
@Entity
@Table(name = "customer_order")
public class Order {

    @Id
    private Long id;

    private String item;
    private int quantity;
    private String status;
    private String note;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Order() {}

    /** A new one. */
    public Order(Long id, String item, int quantity) {
        this.id = id;
        this.item = item;
        this.quantity = quantity;
        this.status = "new";
        this.note = "";
    }

    public Long getId() {
        return id;
    }

    public String getItem() {
        return item;
    }

    public int getQuantity() {
        return quantity;
    }

    public String getStatus() {
        return status;
    }

    public void setStatus(String status) {
        this.status = status;
    }

    /** Of which the service is not told. */
    public String getNote() {
        return note;
    }

    public void setNote(String note) {
        this.note = note;
    }
}
