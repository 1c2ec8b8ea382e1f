package io.syncmachine.benchmarks;

import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.Index;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;

/** An order: the subject. */
@Entity
@Table(name = "orders", indexes = @Index(name = "orders_customer", columnList = "customer_id"))
class Order {

    @Id
    private Long id;

    private String status;
    private String warehouseCode;
    private int revision;

    @ManyToOne(fetch = FetchType.LAZY, optional = false)
    private Customer customer;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    Order() {}

    Order(Long id, Customer customer) {
        this.id = id;
        this.customer = customer;
        this.status = "new";
        this.warehouseCode = "A";
    }

    Long getId() {
        return id;
    }

    String getStatus() {
        return status;
    }

    Customer getCustomer() {
        return customer;
    }

    /** Counts what changes the document. */
    int getRevision() {
        return revision;
    }

    void nextStatus() {
        revision++;
        status = "status " + revision;
    }

    void moveTo(String newWarehouseCode) {
        warehouseCode = newWarehouseCode;
    }

    String getWarehouseCode() {
        return warehouseCode;
    }
}
