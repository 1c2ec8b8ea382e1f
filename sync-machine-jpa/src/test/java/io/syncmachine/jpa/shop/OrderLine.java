package io.syncmachine.jpa.shop;

import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MapsId;

/** Has a composite id. */
@Entity
public class OrderLine {

    /** An order and a number. */
    @Embeddable
    public record Key(Long orderId, String product) {}

    @EmbeddedId
    private Key key;

    @MapsId("orderId")
    @ManyToOne(fetch = FetchType.LAZY)
    private Order order;

    private int quantity;

    public OrderLine() {}

    public OrderLine(Order order, String product, int quantity) {
        this.key = new Key(order.getId(), product);
        this.order = order;
        this.quantity = quantity;
    }

    public Long orderId() {
        return key.orderId();
    }

    public Key getKey() {
        return key;
    }

    public Order getOrder() {
        return order;
    }

    public void setOrder(Order order) {
        this.order = order;
    }

    public int getQuantity() {
        return quantity;
    }

    public void setQuantity(int quantity) {
        this.quantity = quantity;
    }
}
