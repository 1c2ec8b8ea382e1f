package io.syncmachine.benchmarks;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An API on one thread: it takes documents by PUT and deletes by DELETE at {@code /orders/…}, answers after a delay, and keeps a {@link
 * StubLedger}. What is asked of it besides is at {@code /_/}: {@code counts}, {@code documents}, {@code reset?delay=20}, {@code clear}.
 * It knows as much of HTTP as the benchmark's clients use: HTTP/1.1, connections that stay open, bodies of a told length.
 */
final class StubServer implements AutoCloseable {

    private static final int BACKLOG = 1024;
    private static final String CONTROL = "/_/";

    private final ServerSocketChannel server;
    private final Selector selector;
    private final StubLedger ledger = new StubLedger();
    private final Queue<Due> later = new ArrayDeque<>();
    private final Thread thread;
    private long delayNanos;
    private volatile boolean closed;

    /** A call that takes effect later. All have one delay: the oldest is the first. */
    private record Due(long nanos, StubConnection connection, StubConnection.Request request) {}

    private StubServer(ServerSocketChannel server, Selector selector) {
        this.server = server;
        this.selector = selector;
        this.thread = new Thread(this::run, "stub");
        thread.setDaemon(true);
    }

    /** Starts one on a free port of this machine. */
    static StubServer start() {
        try {
            ServerSocketChannel server = ServerSocketChannel.open();
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
            server.configureBlocking(false);
            Selector selector = Selector.open();
            server.register(selector, SelectionKey.OP_ACCEPT);
            StubServer stub = new StubServer(server, selector);
            stub.thread.start();
            return stub;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its port. */
    int port() {
        return server.socket().getLocalPort();
    }

    private void run() {
        try {
            while (!closed) {
                Due next = later.peek();
                if (next == null) {
                    selector.select(this::serve);
                } else {
                    long wait = next.nanos - System.nanoTime();
                    if (wait > 0) {
                        selector.select(this::serve, TimeUnit.NANOSECONDS.toMillis(wait) + 1);
                    } else {
                        selector.selectNow(this::serve);
                    }
                    answerDue();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void answerDue() {
        long now = System.nanoTime();
        for (Due due = later.peek(); due != null && due.nanos <= now; due = later.peek()) {
            later.remove();
            take(due.connection, due.request);
        }
    }

    private void serve(SelectionKey key) {
        try {
            if (key.isAcceptable()) {
                SocketChannel channel = server.accept();
                if (channel != null) {
                    channel.configureBlocking(false);
                    channel.socket().setTcpNoDelay(true);
                    SelectionKey own = channel.register(selector, SelectionKey.OP_READ);
                    own.attach(new StubConnection(channel, own));
                }
            } else if (key.attachment() instanceof StubConnection connection) {
                if (key.isWritable()) {
                    connection.writeRest();
                }
                if (key.isValid() && key.isReadable()) {
                    connection.read(this::handle);
                }
            }
        } catch (IOException e) {
            key.cancel();
            try {
                key.channel().close();
            } catch (IOException again) {
                e.addSuppressed(again);
            }
        }
    }

    private void handle(StubConnection connection, StubConnection.Request request) {
        if (request.path().startsWith(CONTROL)) {
            connection.answer(control(request.path().substring(CONTROL.length())));
            return;
        }
        ledger.begin(request.path());
        if (delayNanos == 0) {
            take(connection, request);
        } else {
            later.add(new Due(System.nanoTime() + delayNanos, connection, request));
        }
    }

    private void take(StubConnection connection, StubConnection.Request request) {
        ledger.accept(request.path(), documentOf(request));
        connection.answer(null);
    }

    private static @Nullable String documentOf(StubConnection.Request request) {
        return request.method().equals("DELETE") ? null : request.body();
    }

    private String control(String command) {
        if (command.equals("counts")) {
            StubLedger.Counts counts = ledger.counts();
            return String.format(
                    Locale.ROOT,
                    "{\"calls\":%d,\"redundant\":%d,\"overlapping\":%d,\"stale\":%d,\"lastChange\":%d}",
                    counts.calls(),
                    counts.redundant(),
                    counts.overlapping(),
                    counts.stale(),
                    counts.lastChange());
        }
        if (command.equals("documents")) {
            return ledger.documents();
        }
        if (command.startsWith("reset?delay=")) {
            delayNanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(command.substring("reset?delay=".length())));
            ledger.reset();
        } else if (command.equals("clear")) {
            ledger.clear();
        }
        return "";
    }

    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        try {
            thread.join();
            server.close();
            selector.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A process of its own: tells its port on standard output, and ends when its input does. */
    public static void main(String[] args) throws IOException {
        try (StubServer stub = start()) {
            System.out.println(stub.port());
            System.out.flush();
            System.in.transferTo(OutputStream.nullOutputStream()); // nothing is said to it
        }
    }
}
