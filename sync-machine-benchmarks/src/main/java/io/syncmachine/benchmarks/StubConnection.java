package io.syncmachine.benchmarks;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** One connection to the stub: reads requests, one after the other, and writes answers. */
final class StubConnection {

    private static final int FIRST_SIZE = 4096;
    private static final byte[] EMPTY_ANSWER = bytes("HTTP/1.1 204 No Content\r\n\r\n");
    private static final String LENGTH = "content-length:";

    private final SocketChannel channel;
    private final SelectionKey key;
    private byte[] in = new byte[FIRST_SIZE];
    private int filled;
    private @Nullable ByteBuffer out;

    /** A whole request; its body is ISO 8859-1, which keeps all bytes. */
    record Request(String method, String path, String body) {}

    StubConnection(SocketChannel channel, SelectionKey key) {
        this.channel = channel;
        this.key = key;
    }

    /** Reads what there is, and hands over requests that are complete. */
    void read(BiConsumer<StubConnection, Request> handler) throws IOException {
        if (filled == in.length) {
            in = Arrays.copyOf(in, 2 * in.length);
        }
        int count = channel.read(ByteBuffer.wrap(in, filled, in.length - filled));
        if (count < 0) {
            throw new EOFException();
        }
        filled += count;
        for (Request request = next(); request != null; request = next()) {
            handler.accept(this, request);
        }
    }

    private @Nullable Request next() throws IOException {
        int head = endOfHead();
        if (head < 0) {
            return null;
        }
        String text = new String(in, 0, head, StandardCharsets.ISO_8859_1);
        int end = head + lengthIn(text);
        if (filled < end) {
            return null;
        }
        int space = text.indexOf(' ');
        Request request = new Request(
                text.substring(0, space),
                text.substring(space + 1, text.indexOf(' ', space + 1)),
                new String(in, head, end - head, StandardCharsets.ISO_8859_1));
        System.arraycopy(in, end, in, 0, filled - end);
        filled -= end;
        return request;
    }

    private int endOfHead() {
        for (int i = 3; i < filled; i++) {
            if (in[i] == '\n' && in[i - 1] == '\r' && in[i - 2] == '\n') {
                return i + 1;
            }
        }
        return -1;
    }

    private static int lengthIn(String head) throws IOException {
        String lower = head.toLowerCase(Locale.ROOT);
        if (lower.contains("transfer-encoding:")) {
            throw new IOException("the stub reads bodies of a told length only");
        }
        int at = lower.indexOf(LENGTH);
        return at < 0
                ? 0
                : Integer.parseInt(lower.substring(at + LENGTH.length(), lower.indexOf('\r', at))
                        .trim());
    }

    /** Answers a request: with a body, or with none. */
    void answer(@Nullable String body) {
        byte[] bytes = EMPTY_ANSWER;
        if (body != null) {
            byte[] content = bytes(body);
            byte[] head = bytes("HTTP/1.1 200 OK\r\nContent-Length: " + content.length + "\r\n\r\n");
            bytes = Arrays.copyOf(head, head.length + content.length);
            System.arraycopy(content, 0, bytes, head.length, content.length);
        }
        out = ByteBuffer.wrap(bytes);
        try {
            writeRest();
        } catch (IOException e) {
            key.cancel(); // who asked has gone
        }
    }

    /** Writes what could not be written at once. */
    void writeRest() throws IOException {
        if (out == null) {
            return;
        }
        channel.write(out);
        boolean done = !out.hasRemaining();
        if (key.isValid()) {
            key.interestOps(done ? SelectionKey.OP_READ : SelectionKey.OP_WRITE);
        }
        if (done) {
            out = null;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
