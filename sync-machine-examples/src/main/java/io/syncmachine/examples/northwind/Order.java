package io.syncmachine.examples.northwind;

import jakarta.persistence.CascadeType;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import jakarta.persistence.Table;
import java.time.LocalDate;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An order: the subject. Whose it is, who took it and who carries it need not be known. */
@Entity
@Table(name = "orders")
public class Order {

    @Id
    private Short orderId;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(name = "customer_id")
    private @Nullable Customer customer;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(name = "employee_id")
    private @Nullable Employee employee;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(name = "ship_via")
    private @Nullable Shipper shipper;

    private @Nullable LocalDate orderDate;
    private @Nullable LocalDate requiredDate;
    private @Nullable LocalDate shippedDate;
    private @Nullable Float freight;
    private @Nullable String shipName;
    private @Nullable String shipAddress;
    private @Nullable String shipCity;
    private @Nullable String shipRegion;
    private @Nullable String shipPostalCode;
    private @Nullable String shipCountry;

    @OneToMany(mappedBy = "order", cascade = CascadeType.ALL, orphanRemoval = true)
    private Set<OrderLine> lines = new LinkedHashSet<>();

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Order() {}

    /** A new one. */
    public Order(Short orderId) {
        this.orderId = orderId;
    }

    public Short getOrderId() {
        return orderId;
    }

    public @Nullable Customer getCustomer() {
        return customer;
    }

    public void setCustomer(@Nullable Customer customer) {
        this.customer = customer;
    }

    public @Nullable Employee getEmployee() {
        return employee;
    }

    public void setEmployee(@Nullable Employee employee) {
        this.employee = employee;
    }

    public @Nullable Shipper getShipper() {
        return shipper;
    }

    public void setShipper(@Nullable Shipper shipper) {
        this.shipper = shipper;
    }

    public @Nullable LocalDate getOrderDate() {
        return orderDate;
    }

    public @Nullable LocalDate getRequiredDate() {
        return requiredDate;
    }

    public @Nullable LocalDate getShippedDate() {
        return shippedDate;
    }

    public void setDates(@Nullable LocalDate ordered, @Nullable LocalDate required, @Nullable LocalDate shipped) {
        orderDate = ordered;
        requiredDate = required;
        shippedDate = shipped;
    }

    public @Nullable Float getFreight() {
        return freight;
    }

    public void setFreight(@Nullable Float freight) {
        this.freight = freight;
    }

    public @Nullable String getShipName() {
        return shipName;
    }

    public void setShipName(@Nullable String shipName) {
        this.shipName = shipName;
    }

    public @Nullable String getShipAddress() {
        return shipAddress;
    }

    public void setShipAddress(@Nullable String shipAddress) {
        this.shipAddress = shipAddress;
    }

    public @Nullable String getShipCity() {
        return shipCity;
    }

    public @Nullable String getShipRegion() {
        return shipRegion;
    }

    public @Nullable String getShipPostalCode() {
        return shipPostalCode;
    }

    public @Nullable String getShipCountry() {
        return shipCountry;
    }

    /** Where the order goes, all but the street. */
    public void setShipPlace(
            @Nullable String city, @Nullable String region, @Nullable String postalCode, @Nullable String country) {
        shipCity = city;
        shipRegion = region;
        shipPostalCode = postalCode;
        shipCountry = country;
    }

    public Set<OrderLine> getLines() {
        return lines;
    }

    /** Adds a line. */
    public void add(Product product, float unitPrice, short quantity, float discount) {
        lines.add(new OrderLine(this, product, unitPrice, quantity, discount));
    }
}
