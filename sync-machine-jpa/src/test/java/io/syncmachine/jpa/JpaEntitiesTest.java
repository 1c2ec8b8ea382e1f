package io.syncmachine.jpa;

import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.Shop;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.Store;
import io.syncmachine.test.CapturingEntitySourceContract;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityManager;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** On Hibernate and PostgreSQL. */
class JpaEntitiesTest extends CapturingEntitySourceContract<Customer> {

    private final TestDatabase database = TestDatabase.create();
    private final Shop shop = Shop.on(database.dataSource());
    private @Nullable EntityManager manager;

    JpaEntitiesTest() {
        super(Customer.class);
    }

    @Override
    protected Store createStore() {
        return JdbcStore.builder(database.dataSource())
                .schemaMode(SchemaMode.CREATE)
                .wakeUps(false)
                .build();
    }

    @Override
    protected EntitySource createSource() {
        return JpaEntities.of(shop.factory());
    }

    @Override
    protected void transaction(Runnable changes) {
        shop.inTransaction(session -> within(session, changes));
    }

    @Override
    protected void rolledBackTransaction(Runnable changes) {
        shop.rollBack(session -> within(session, changes));
    }

    private void within(EntityManager session, Runnable changes) {
        manager = session;
        changes.run();
    }

    private EntityManager manager() {
        return Objects.requireNonNull(manager, "changes are made in a transaction");
    }

    @Override
    protected void createCustomer(long id, String firstName, String lastName) {
        manager().persist(new Customer(id, firstName, lastName));
    }

    @Override
    protected void renameCustomer(long id, String firstName, String lastName) {
        Customer customer = manager().find(Customer.class, id);
        customer.setFirstName(firstName);
        customer.setLastName(lastName);
    }

    @Override
    protected void deleteCustomer(long id) {
        manager().remove(manager().find(Customer.class, id));
    }

    @Override
    protected Object currentTransaction() {
        return manager();
    }

    @Override
    protected void renameIn(Object transaction, Customer customer, String firstName) {
        customer.setFirstName(firstName);
    }

    @Override
    protected String firstName(Customer customer) {
        return customer.getFirstName();
    }

    @AfterEach
    void close() {
        shop.close();
        database.close();
    }
}
