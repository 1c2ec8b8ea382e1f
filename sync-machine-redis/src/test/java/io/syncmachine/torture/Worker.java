package io.syncmachine.torture;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.Publication;
import io.syncmachine.SyncEngine;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.torture.Shop.Document;
import io.syncmachine.torture.Shop.Order;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;

/** A worker, in a process of its own: publishes until its standard input ends or it is killed. */
final class Worker {

    static final String REDIS = "torture.redis";

    private static final int CONNECTIONS = 8;

    private Worker() {}

    /**
     * Runs one.
     *
     * @param arguments the database's URL and the API's; optionally a local port where it asks, by connecting, for leave to send each
     *     publication, and gets it by a byte. The system property {@value #REDIS} may name the port of a Redis.
     */
    public static void main(String[] arguments) throws IOException {
        ApiClient api = new ApiClient(arguments[1]);
        CheckedConsumer<Publication<Order, Long, Document>> send =
                arguments.length == 2 ? api::send : asking(Integer.parseInt(arguments[2]), api);
        try (HikariDataSource pool = TortureDatabase.pool(arguments[0], CONNECTIONS);
                SyncEngine engine = SyncEngine.builder()
                        .machines(Shop.machine(send))
                        .entities(Shop.entities(pool))
                        .store(Shop.store(JdbcStore.builder(pool), Integer.getInteger(REDIS)))
                        .lease(Shop.LEASE)
                        .grace(Shop.GRACE)
                        .start()) {
            System.in.transferTo(OutputStream.nullOutputStream());
        }
    }

    private static CheckedConsumer<Publication<Order, Long, Document>> asking(int port, ApiClient api) {
        return publication -> {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                int leave = socket.getInputStream().read();
                if (leave < 0) {
                    throw new IOException("nobody gives leave");
                }
            }
            api.send(publication);
        };
    }
}
