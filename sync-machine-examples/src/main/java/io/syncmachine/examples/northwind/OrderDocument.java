package io.syncmachine.examples.northwind;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the API holds of an order: readable without any other table.
 *
 * @param lines sorted by product, for the order of a list is part of a document
 */
record OrderDocument(
        Short id,
        @Nullable String customer,
        @Nullable String employee,
        @Nullable String shipper,
        @Nullable LocalDate orderDate,
        @Nullable LocalDate requiredDate,
        @Nullable LocalDate shippedDate,
        @Nullable BigDecimal freight,
        Address shipTo,
        List<Line> lines,
        BigDecimal total) {

    /** Where it goes. */
    record Address(
            @Nullable String name,
            @Nullable String address,
            @Nullable String city,
            @Nullable String region,
            @Nullable String postalCode,
            @Nullable String country) {}

    /** So much of a product. */
    record Line(Short productId, String product, short quantity, BigDecimal unitPrice, BigDecimal discount) {

        static Line of(OrderLine line) {
            return new Line(
                    line.getProduct().getProductId(),
                    line.getProduct().getProductName(),
                    line.getQuantity(),
                    exact(line.getUnitPrice()),
                    exact(line.getDiscount()));
        }

        BigDecimal amount() {
            return unitPrice.multiply(BigDecimal.valueOf(quantity)).multiply(BigDecimal.ONE.subtract(discount));
        }
    }

    static OrderDocument of(Order order) {
        Customer customer = order.getCustomer();
        Employee employee = order.getEmployee();
        Shipper shipper = order.getShipper();
        Float freight = order.getFreight();
        List<Line> lines = order.getLines().stream()
                .map(Line::of)
                .sorted(Comparator.comparing(Line::productId))
                .toList();
        return new OrderDocument(
                order.getOrderId(),
                customer == null ? null : customer.getCompanyName(),
                employee == null ? null : employee.getFullName(),
                shipper == null ? null : shipper.getCompanyName(),
                order.getOrderDate(),
                order.getRequiredDate(),
                order.getShippedDate(),
                freight == null ? null : exact(freight),
                new Address(
                        order.getShipName(),
                        order.getShipAddress(),
                        order.getShipCity(),
                        order.getShipRegion(),
                        order.getShipPostalCode(),
                        order.getShipCountry()),
                lines,
                lines.stream()
                        .map(Line::amount)
                        .reduce(BigDecimal.ZERO, BigDecimal::add)
                        .setScale(2, RoundingMode.HALF_UP));
    }

    /** Northwind keeps money as floating-point numbers; 9.8 is meant where 9.80000019 is stored. */
    private static BigDecimal exact(float number) {
        return new BigDecimal(Float.toString(number)).setScale(4, RoundingMode.HALF_UP);
    }
}
