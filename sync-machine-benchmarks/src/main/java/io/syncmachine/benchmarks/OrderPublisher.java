package io.syncmachine.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.sql.Connection;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.apache.hc.client5.http.classic.methods.HttpPut;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.hibernate.Session;
import org.hibernate.SessionFactory;

/**
 * Reads an order and sends its document: the job that peers other than SyncMachine run. It is written with care: of one order it sends
 * one document at a time, and reads it only then, so that no older document follows a newer one. That holds in one process.
 */
final class OrderPublisher implements AutoCloseable {

    private static final int LOCKS = 1024;
    private static final String QUERY = "select o from Order o join fetch o.customer where o.id = :id";

    private final SessionFactory factory;
    private final URI api;
    private final CloseableHttpClient client;
    private final ObjectMapper json = new ObjectMapper();
    private final Lock[] locks =
            Stream.generate(ReentrantLock::new).limit(LOCKS).toArray(Lock[]::new);

    OrderPublisher(EntityManagerFactory factory, URI api, int inFlight) {
        this.factory = factory.unwrap(SessionFactory.class);
        this.api = api;
        this.client = HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setMaxConnTotal(inFlight)
                        .setMaxConnPerRoute(inFlight)
                        .build())
                .disableCookieManagement()
                .disableContentCompression()
                .disableRedirectHandling()
                .build();
    }

    /** Publishes what is committed now. */
    void publish(long order) {
        try (EntityManager entities = factory.createEntityManager()) {
            publish(order, entities);
        }
    }

    /** Publishes what is committed now, which is read by a connection that the caller has anyway. */
    void publish(long order, Connection connection) {
        try (Session entities = factory.withOptions().connection(connection).openSession()) {
            publish(order, entities);
        }
    }

    private void publish(long order, EntityManager entities) {
        Lock lock = locks[(int) (order % LOCKS)];
        lock.lock();
        try {
            OrderDocument document = OrderDocument.of(entities.createQuery(QUERY, Order.class)
                    .setParameter("id", order)
                    .getSingleResult());
            entities.clear();
            put(document);
        } finally {
            lock.unlock();
        }
    }

    private void put(OrderDocument document) {
        HttpPut put = new HttpPut(api.resolve("/orders/" + document.id()));
        put.setEntity(new StringEntity(write(document), ContentType.APPLICATION_JSON));
        try {
            int status = client.execute(put, response -> {
                EntityUtils.consume(response.getEntity());
                return response.getCode();
            });
            if (status / 100 != 2) {
                throw new IOException("the API answered " + status);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String write(OrderDocument document) {
        try {
            return json.writeValueAsString(document);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            client.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
