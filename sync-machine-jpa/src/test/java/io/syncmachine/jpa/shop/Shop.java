package io.syncmachine.jpa.shop;

import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.hibernate.cfg.Configuration;

/** The application of the tests, as one process of it has it. */
public final class Shop implements AutoCloseable {

    private final EntityManagerFactory factory;

    private Shop(EntityManagerFactory factory) {
        this.factory = factory;
    }

    /** Opens it on a database; its tables are made where they are missing. */
    public static Shop on(DataSource dataSource) {
        Configuration configuration = new Configuration()
                .addAnnotatedClass(Customer.class)
                .addAnnotatedClass(Order.class)
                .addAnnotatedClass(OrderLine.class);
        configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", dataSource);
        configuration.setProperty("hibernate.hbm2ddl.auto", "update");
        configuration.setProperty("hibernate.jdbc.batch_size", "100");
        configuration.setProperty("hibernate.order_inserts", "true");
        return new Shop(configuration.buildSessionFactory());
    }

    public EntityManagerFactory factory() {
        return factory;
    }

    /** Commits what the work does. */
    public void inTransaction(Consumer<EntityManager> work) {
        try (EntityManager manager = factory.createEntityManager()) {
            manager.getTransaction().begin();
            try {
                work.accept(manager);
                manager.getTransaction().commit();
            } finally {
                if (manager.getTransaction().isActive()) {
                    manager.getTransaction().rollback();
                }
            }
        }
    }

    /** Does the work and rolls back. */
    public void rollBack(Consumer<EntityManager> work) {
        try (EntityManager manager = factory.createEntityManager()) {
            manager.getTransaction().begin();
            work.accept(manager);
            manager.flush();
            manager.getTransaction().rollback();
        }
    }

    @Override
    public void close() {
        factory.close();
    }
}
