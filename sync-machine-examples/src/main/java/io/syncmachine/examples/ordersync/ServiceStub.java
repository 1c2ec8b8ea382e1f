package io.syncmachine.examples.ordersync;

import static com.github.tomakehurst.wiremock.core.WireMockConfiguration.options;

import com.github.tomakehurst.wiremock.WireMockServer;
import java.net.URI;

/** The service, played by WireMock on a free local port: takes every method, is slow now and then, and fails now and then. */
final class ServiceStub implements AutoCloseable {

    /** On the class path; a WireMock in a container uses the same files. */
    private static final String FILES = "order-sync";

    private static final int THREADS = 40;

    private final WireMockServer server = new WireMockServer(options()
            .bindAddress("127.0.0.1")
            .dynamicPort()
            .containerThreads(THREADS)
            .jettyAcceptors(1)
            .disableRequestJournal()
            .usingFilesUnderClasspath(FILES));

    ServiceStub() {
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.port());
    }

    @Override
    public void close() {
        server.stop();
    }
}
