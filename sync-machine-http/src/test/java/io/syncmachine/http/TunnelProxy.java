package io.syncmachine.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A proxy that makes tunnels to this machine, for whom it knows. */
final class TunnelProxy implements AutoCloseable {

    /** The heads of what it was asked. */
    final List<String> heads = new CopyOnWriteArrayList<>();

    private final ServerSocket server;
    private final @Nullable String authorization;
    private final int status;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    private TunnelProxy(@Nullable String authorization, int status) throws IOException {
        this.authorization = authorization;
        this.status = status;
        this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start(this::accept);
    }

    /** One that lets everybody through. */
    static TunnelProxy open() throws IOException {
        return new TunnelProxy(null, 200);
    }

    /** One that lets one user through. */
    static TunnelProxy forUser(String user, String password) throws IOException {
        return new TunnelProxy(coded(user, password), 200);
    }

    /** One that answers this status to whoever asks. */
    static TunnelProxy refusing(int status) throws IOException {
        return new TunnelProxy(null, status);
    }

    static String coded(String user, String password) {
        return Base64.getEncoder().encodeToString((user + ':' + password).getBytes(StandardCharsets.UTF_8));
    }

    int port() {
        return server.getLocalPort();
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "tunnel-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                sockets.add(socket);
                start(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            InputStream in = client.getInputStream();
            OutputStream out = client.getOutputStream();
            for (String head = head(in); head != null; head = head(in)) {
                heads.add(head);
                if (status != 200) {
                    RawServer.write(out, "HTTP/1.1 " + status + " No\r\nContent-Length: 2\r\n\r\nno");
                } else if (authorization != null
                        && !head.contains("roxy-Authorization: Basic " + authorization + "\r\n")) {
                    RawServer.write(
                            out,
                            "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n");
                } else {
                    tunnel(head, client);
                    return;
                }
            }
        } catch (IOException e) {
            // the client is gone, or the proxy
        }
    }

    private void tunnel(String head, Socket client) throws IOException {
        int colon = head.indexOf(':');
        int port = Integer.parseInt(head.substring(colon + 1, head.indexOf(' ', colon)));
        try (Socket target = new Socket(InetAddress.getLoopbackAddress(), port)) {
            sockets.add(target);
            RawServer.write(client.getOutputStream(), "HTTP/1.1 200 Connected\r\n\r\n");
            start(() -> {
                try (target) {
                    target.getInputStream().transferTo(client.getOutputStream());
                } catch (IOException e) {
                    // one of both is gone
                }
            });
            client.getInputStream().transferTo(target.getOutputStream());
        }
    }

    private static @Nullable String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return null;
            }
            head.append((char) next);
        }
        return head.toString();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
