package io.syncmachine.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.EntityManagerFactory;
import java.util.Map;
import org.hibernate.boot.model.naming.CamelCaseToUnderscoresNamingStrategy;
import org.hibernate.cfg.AvailableSettings;
import org.hibernate.cfg.Configuration;

/**
 * How to reach the database. Peers differ in nothing here but the number of connections.
 *
 * @param url with user and password
 */
record Access(String url) {

    /** A pool of at most so many connections. */
    HikariDataSource pool(int connections) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(connections);
        config.setMinimumIdle(connections);
        return new HikariDataSource(config);
    }

    /** Hibernate's factory for customers and orders. */
    static EntityManagerFactory entities(HikariDataSource pool, boolean createTables) {
        Configuration configuration = new Configuration();
        Map<String, Object> settings = Map.of(
                AvailableSettings.JAKARTA_NON_JTA_DATASOURCE,
                pool,
                AvailableSettings.PHYSICAL_NAMING_STRATEGY,
                new CamelCaseToUnderscoresNamingStrategy(),
                AvailableSettings.JAKARTA_HBM2DDL_DATABASE_ACTION,
                createTables ? "create" : "none",
                AvailableSettings.STATEMENT_BATCH_SIZE,
                50,
                AvailableSettings.ORDER_INSERTS,
                true,
                AvailableSettings.ORDER_UPDATES,
                true);
        configuration.getProperties().putAll(settings);
        configuration.addAnnotatedClass(Customer.class);
        configuration.addAnnotatedClass(Order.class);
        return configuration.buildSessionFactory();
    }
}
