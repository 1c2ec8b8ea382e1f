package io.syncmachine.http;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A proxy that makes tunnels to this machine, for whom it knows. */
final class TunnelProxy implements AutoCloseable {

    /** The heads of what it was asked. */
    final List<String> heads;

    private final RawServer server;

    private TunnelProxy(@Nullable String authorization, int status) throws IOException {
        this.server = new RawServer((client, out, head) -> {
            if (status != 200) {
                RawServer.write(out, "HTTP/1.1 " + status + " No\r\nContent-Length: 2\r\n\r\nno");
            } else if (authorization != null && !head.contains("roxy-Authorization: Basic " + authorization + "\r\n")) {
                RawServer.write(
                        out, "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n");
            } else {
                tunnel(head, client, out);
            }
        });
        this.heads = server.requests;
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
        return server.port();
    }

    /** Passes on what both sides say, until one of them is gone. */
    private static void tunnel(String head, Socket client, OutputStream out) throws IOException {
        int colon = head.indexOf(':');
        int port = Integer.parseInt(head.substring(colon + 1, head.indexOf(' ', colon)));
        try (client;
                Socket target = new Socket(InetAddress.getLoopbackAddress(), port)) {
            RawServer.write(out, "HTTP/1.1 200 Connected\r\n\r\n");
            RawServer.start(() -> {
                try (target) {
                    target.getInputStream().transferTo(out);
                } catch (IOException e) {
                    // one of both is gone
                }
            });
            client.getInputStream().transferTo(target.getOutputStream());
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
