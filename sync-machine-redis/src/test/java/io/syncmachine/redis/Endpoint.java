package io.syncmachine.redis;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** An address that leads to one server today and to another tomorrow, as a host gives it to whoever rents a Redis. */
public final class Endpoint implements AutoCloseable {

    private final ServerSocket socket;
    private final Set<Closeable> connections = ConcurrentHashMap.newKeySet();
    private volatile int target;

    public Endpoint(int target) {
        this.target = target;
        try {
            socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        run(this::accept);
    }

    private static void run(Runnable task) {
        Thread thread = new Thread(task, "endpoint");
        thread.setDaemon(true);
        thread.start();
    }

    public int port() {
        return socket.getLocalPort();
    }

    /** Leads to another one from now on; all connections break. */
    public void leadTo(int other) {
        target = other;
        connections.forEach(Endpoint::close);
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                connect(socket.accept());
            } catch (IOException e) {
                // closed, or the server is away: who connects is told by the end of the connection
            }
        }
    }

    private void connect(Socket client) throws IOException {
        int server = target;
        try {
            Socket to = new Socket(InetAddress.getLoopbackAddress(), server);
            connections.add(client);
            connections.add(to);
            run(() -> pass(client, to));
            run(() -> pass(to, client));
            if (server != target) {
                close(client);
                close(to);
            }
        } catch (IOException e) {
            close(client);
            throw e;
        }
    }

    private void pass(Socket from, Socket to) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            in.transferTo(out);
        } catch (IOException e) {
            // one of the two has ended; so does the other
        } finally {
            connections.remove(from);
            connections.remove(to);
        }
    }

    private static void close(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        close(socket);
        connections.forEach(Endpoint::close);
    }
}
