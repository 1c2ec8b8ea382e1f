package io.syncmachine.examples.invoicetotals;

import io.syncmachine.Backoff;
import io.syncmachine.ChangeHandler;
import io.syncmachine.EntityChange;
import io.syncmachine.Policy;
import io.syncmachine.SyncMachine;
import io.syncmachine.examples.support.HttpApi;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Keeps totals in step with items, and the API with invoices. */
final class InvoiceTotals {

    private static final Policy POLICY = Policy.defaults()
            .deadline(Duration.ofSeconds(2))
            .retry(Backoff.exponential(Duration.ofMillis(200), Duration.ofSeconds(5)));

    /** An item was added, changed, moved to another invoice, or deleted. */
    static final ChangeHandler<Item> ITEMS = ChangeHandler.onChange("item-totals", Item.class, change -> {
                Set<Long> invoices = new HashSet<>(change.changed().oldReferences("invoice", Long.class));
                change.entity().ifPresent(item -> invoices.add(item.getInvoice().getId()));
                recompute(change, invoices);
            })
            .listenTo("quantity", "invoice", "product");

    /** The declaration that makes one more table listened to. */
    static final ChangeHandler<Product> PRICES = ChangeHandler.onChange("price-totals", Product.class, change -> {
                EntityManager manager = change.transaction(EntityManager.class);
                List<Long> invoices = manager.createQuery(
                                "select distinct i.invoice.id from Item i where i.product.id = :id", Long.class)
                        .setParameter("id", change.id(Long.class))
                        .getResultList();
                recompute(change, Set.copyOf(invoices));
            })
            .listenTo("price");

    private InvoiceTotals() {}

    static SyncMachine<Invoice, Long> machine(HttpApi api, EntityManagerFactory factory) {
        return SyncMachine.define("invoice-to-api", Invoice.class, Long.class)
                .listenTo(Invoice.class, "total", "user")
                .listenTo(User.class, Set.of("name"), user -> invoiceIds(factory, user))
                .build(invoice ->
                        new InvoiceDocument(invoice.getId(), invoice.getUser().getName(), invoice.getTotal()))
                .publish(publication -> api.put("/invoices/" + publication.id(), publication))
                .onDeletePublication(publication -> api.delete("/invoices/" + publication.id(), publication))
                .policy(POLICY)
                .done();
    }

    private static List<Long> invoiceIds(EntityManagerFactory factory, User user) {
        try (EntityManager manager = factory.createEntityManager()) {
            return manager.createQuery("select i.id from Invoice i where i.user.id = :id", Long.class)
                    .setParameter("id", user.getId())
                    .getResultList();
        }
    }

    /** Locks the invoices before it looks at their items: what somebody else has just written to a total is never older than the items. */
    private static void recompute(EntityChange<?> change, Set<Long> invoices) {
        if (invoices.isEmpty()) {
            return;
        }
        EntityManager manager = change.transaction(EntityManager.class);
        manager.createNativeQuery("select id from invoice where id in (:ids) order by id for update", Long.class)
                .setParameter("ids", invoices)
                .getResultList();
        manager.createNativeQuery("""
                        update invoice set total = (
                            select coalesce(sum(i.quantity * p.price), 0) from item i join product p on p.id = i.product_id
                            where i.invoice_id = invoice.id)
                        where id in (:ids)""").setParameter("ids", invoices).executeUpdate();
    }
}
