package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.FakeApi;
import io.syncmachine.jpa.shop.Node;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A worker is killed with kill -9 in the middle of its work, several times: nothing is lost, and nothing overlaps. */
@Tag("full")
class KilledWorkerTest {

    private static final int ORDERS = 1500;

    private final TestDatabase database = TestDatabase.create();
    private final Map<Long, String> documents = new ConcurrentHashMap<>();
    private final Set<Long> underWay = ConcurrentHashMap.newKeySet();
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger overlapping = new AtomicInteger();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer server;

    @BeforeEach
    void startApi() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/orders/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
        database.close();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            long id = Long.parseLong(exchange.getRequestURI().getPath().substring("/orders/".length()));
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            if (!underWay.add(id)) {
                overlapping.incrementAndGet();
            }
            if (exchange.getRequestMethod().equals("DELETE")) {
                documents.remove(id);
            } else {
                documents.put(id, body);
            }
            calls.incrementAndGet();
            underWay.remove(id);
            exchange.sendResponseHeaders(200, -1);
        }
    }

    @Test
    void aKilledWorkerLosesNothing() throws Exception {
        String url = "http://localhost:" + server.getAddress().getPort() + "/orders/";
        try (Node host = Node.capturing(database.dataSource(), ShopMachines.orderToApi(new FakeApi()))) {
            Map<Long, String> expected = createOrders(host);
            int kills = 3;
            for (int kill = 1; kill <= kills; kill++) {
                Process worker = KilledWorker.start(database.url(), url);
                int until = calls.get() + 300;
                await().atMost(Duration.ofSeconds(60)).until(() -> calls.get() >= until);
                worker.destroyForcibly().waitFor();
                assertThat(host.engine().backlog().isEmpty()).isFalse();
                change(host, expected, kill);
            }
            Process last = KilledWorker.start(database.url(), url);
            host.settle();
            last.destroyForcibly().waitFor();
            assertThat(documents).isEqualTo(expected);
            assertThat(overlapping).hasValue(0);
        }
    }

    private static Map<Long, String> createOrders(Node host) {
        Map<Long, String> expected = new HashMap<>();
        host.shop().inTransaction(manager -> {
            Customer customer = new Customer(1, "Ann", "Yang");
            manager.persist(customer);
            LongStream.range(0, ORDERS).forEach(id -> {
                manager.persist(new Order(id, customer, "new"));
                expected.put(id, "new");
            });
        });
        return expected;
    }

    /** Some orders change, some go, and some go there and back, so that what is wanted is what was sent before the kill. */
    private static void change(Node host, Map<Long, String> expected, int round) {
        for (String status : new String[] {"changed" + round, "new"}) {
            host.shop()
                    .inTransaction(manager -> LongStream.range(0, ORDERS)
                            .filter(id -> id % 7 == round && expected.containsKey(id))
                            .forEach(id -> {
                                manager.find(Order.class, id).setStatus(status);
                                expected.put(id, status);
                            }));
        }
        host.shop()
                .inTransaction(manager -> LongStream.range(0, ORDERS)
                        .filter(id -> id % 11 == round && expected.containsKey(id))
                        .forEach(id -> {
                            manager.find(Order.class, id).setStatus("paid" + round);
                            expected.put(id, "paid" + round);
                        }));
        host.shop()
                .inTransaction(manager -> LongStream.range(0, ORDERS)
                        .filter(id -> id % 13 == round && expected.containsKey(id))
                        .forEach(id -> {
                            manager.remove(manager.find(Order.class, id));
                            expected.remove(id);
                        }));
    }
}
