package io.syncmachine.jpa;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncMachine;
import io.syncmachine.jpa.shop.Node;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.ShopMachines;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;

/** A worker in a JVM of its own, to be killed: publishes to an HTTP API until it is. */
final class KilledWorker {

    private KilledWorker() {}

    static final Duration LEASE = Duration.ofSeconds(2);

    static Process start(String databaseUrl, String apiUrl) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledWorker.class.getName(),
                        databaseUrl,
                        apiUrl)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    public static void main(String[] arguments) throws InterruptedException {
        HikariDataSource dataSource = new HikariDataSource();
        dataSource.setJdbcUrl(arguments[0]);
        dataSource.setUsername("postgres");
        String api = arguments[1];
        HttpClient client = HttpClient.newHttpClient();
        SyncMachine<Order, Long> machine = ShopMachines.orderToApi(
                (order, document) -> send(
                        client,
                        HttpRequest.newBuilder(URI.create(api + document.id()))
                                .PUT(HttpRequest.BodyPublishers.ofString(document.status()))
                                .build()),
                id -> send(
                        client,
                        HttpRequest.newBuilder(URI.create(api + id)).DELETE().build()));
        Node.start(dataSource, machine, engine -> engine.lease(LEASE).grace(Duration.ofMillis(100)));
        Thread.currentThread().join();
    }

    private static void send(HttpClient client, HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<Void> answer = client.send(request, HttpResponse.BodyHandlers.discarding());
        if (answer.statusCode() != 200) {
            throw new IOException("the API answered " + answer.statusCode());
        }
    }
}
