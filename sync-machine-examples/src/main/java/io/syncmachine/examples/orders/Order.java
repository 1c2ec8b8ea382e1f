package io.syncmachine.examples.orders;

import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.Index;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;

/** An order: the subject, whose document the API holds. */
@Entity
@Table(name = "orders", indexes = @Index(columnList = "customer_id"))
public class Order {

    @Id
    private Long id;

    private String status;
    private String warehouseCode;

    @ManyToOne(fetch = FetchType.LAZY, optional = false)
    private Customer customer;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Order() {}

    /** A new one. */
    public Order(Long id, Customer customer, String status, String warehouseCode) {
        this.id = id;
        this.customer = customer;
        this.status = status;
        this.warehouseCode = warehouseCode;
    }

    public Long getId() {
        return id;
    }

    public Customer getCustomer() {
        return customer;
    }

    public String getStatus() {
        return status;
    }

    public void setStatus(String status) {
        this.status = status;
    }

    public String getWarehouseCode() {
        return warehouseCode;
    }

    public void setWarehouseCode(String warehouseCode) {
        this.warehouseCode = warehouseCode;
    }
}
