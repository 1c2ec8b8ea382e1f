package io.syncmachine.jpa.shop;

import jakarta.persistence.CascadeType;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import jakarta.persistence.Table;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The subject of the tests. */
@Entity
@Table(name = "orders")
public class Order {
    @Id
    private Long id;

    private String status;
    private String warehouseCode;

    @ManyToOne(fetch = FetchType.LAZY)
    private Customer customer;

    @OneToMany(mappedBy = "order", cascade = CascadeType.ALL, orphanRemoval = true)
    private List<OrderLine> lines = new ArrayList<>();

    @ElementCollection
    private Set<String> tags = new HashSet<>();

    public Order() {}

    public Order(long id, Customer customer, String status) {
        this.id = id;
        this.customer = customer;
        this.status = status;
    }

    public OrderDocument document() {
        return new OrderDocument(
                id, customer == null ? null : customer.getFirstName() + " " + customer.getLastName(), status);
    }

    public Long getId() {
        return id;
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

    public Customer getCustomer() {
        return customer;
    }

    public void setCustomer(Customer customer) {
        this.customer = customer;
    }

    public List<OrderLine> getLines() {
        return lines;
    }

    public Set<String> getTags() {
        return tags;
    }
}
