package io.syncmachine.examples.thirdparty;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;

/** A record of the third party's, as we have it. */
@Entity
public class Item {

    @Id
    private Long id;

    private String region;
    private String name;
    private int cents;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Item() {}

    /** A new one. */
    Item(FetchedItem fetched) {
        id = fetched.id();
        region = fetched.region();
        name = fetched.name();
        cents = fetched.cents();
    }

    /** Takes over what the third party says; Hibernate finds out whether that is new. */
    void apply(FetchedItem fetched) {
        region = fetched.region();
        name = fetched.name();
        cents = fetched.cents();
    }

    public Long getId() {
        return id;
    }

    public String getRegion() {
        return region;
    }

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }

    public int getCents() {
        return cents;
    }
}
