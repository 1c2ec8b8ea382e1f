package io.syncmachine.examples.northwind;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

/** Who carries orders. */
@Entity
@Table(name = "shippers")
public class Shipper {

    @Id
    private Short shipperId;

    private String companyName;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Shipper() {}

    public Short getShipperId() {
        return shipperId;
    }

    public String getCompanyName() {
        return companyName;
    }
}
