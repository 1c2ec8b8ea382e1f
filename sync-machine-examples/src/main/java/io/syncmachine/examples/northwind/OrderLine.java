package io.syncmachine.examples.northwind;

import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MapsId;
import jakarta.persistence.Table;

/** A line of an order: so much of a product at a price. */
@Entity
@Table(name = "order_details")
public class OrderLine {

    @EmbeddedId
    private OrderLineId id;

    @MapsId("orderId")
    @ManyToOne(fetch = FetchType.LAZY, optional = false)
    @JoinColumn(name = "order_id")
    private Order order;

    @MapsId("productId")
    @ManyToOne(fetch = FetchType.LAZY, optional = false)
    @JoinColumn(name = "product_id")
    private Product product;

    private float unitPrice;
    private short quantity;
    private float discount;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected OrderLine() {}

    OrderLine(Order order, Product product, float unitPrice, short quantity, float discount) {
        this.id = new OrderLineId(order.getOrderId(), product.getProductId());
        this.order = order;
        this.product = product;
        this.unitPrice = unitPrice;
        this.quantity = quantity;
        this.discount = discount;
    }

    public OrderLineId getId() {
        return id;
    }

    public Order getOrder() {
        return order;
    }

    public Product getProduct() {
        return product;
    }

    public float getUnitPrice() {
        return unitPrice;
    }

    public short getQuantity() {
        return quantity;
    }

    public float getDiscount() {
        return discount;
    }
}
