package io.syncmachine.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.benchmarks.StubLedger.Counts;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The stub counts what must not happen. */
class StubTest {

    private final StubServer server = StubServer.start();
    private final Stub stub = new Stub(server.port());
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @AfterEach
    void close() {
        server.close();
    }

    private CompletableFuture<HttpResponse<String>> put(long id, String customer, int version) {
        String document =
                "{\"customer\":\"" + customer + "\",\"id\":" + id + ",\"status\":\"new\",\"version\":" + version + "}";
        URI address = stub.address().resolve("/orders/" + id);
        return client.sendAsync(
                HttpRequest.newBuilder(address)
                        .PUT(BodyPublishers.ofString(document))
                        .build(),
                BodyHandlers.ofString());
    }

    private Counts counted() {
        Counts counts = stub.counts();
        return new Counts(counts.calls(), counts.redundant(), counts.overlapping(), counts.stale(), 0);
    }

    @Test
    void newDocumentsAreCountedAsCallsOnly() {
        put(1, "Anna", 1).join();
        put(2, "Anna", 1).join();
        put(1, "Bert", 2).join();

        assertThat(counted()).isEqualTo(new Counts(3, 0, 0, 0, 0));
        assertThat(stub.counts().lastChange()).isPositive();
        assertThat(stub.documents()).containsEntry(1L, new OrderDocument(1, "Bert", "new", 2));
        assertThat(stub.documents()).containsOnlyKeys(1L, 2L);
    }

    @Test
    void anEqualDocumentIsRedundant() {
        put(1, "Anna", 1).join();
        put(1, "Anna", 1).join();

        assertThat(counted()).isEqualTo(new Counts(2, 1, 0, 0, 0));
    }

    @Test
    void anOlderDocumentIsStaleAndAccepted() {
        put(1, "Bert", 2).join();
        put(1, "Anna", 1).join();

        assertThat(counted()).isEqualTo(new Counts(2, 0, 0, 1, 0));
        assertThat(stub.documents()).containsEntry(1L, new OrderDocument(1, "Anna", "new", 1));
    }

    @Test
    void aCallDuringAnotherOneForItsSubjectOverlaps() {
        stub.reset(200);

        CompletableFuture<?> first = put(1, "Anna", 1);
        CompletableFuture<?> other = put(2, "Anna", 1);
        CompletableFuture<?> second = put(1, "Bert", 2);
        CompletableFuture.allOf(first, other, second).join();

        assertThat(counted().overlapping()).isEqualTo(1);
        assertThat(counted().calls()).isEqualTo(3);
    }

    @Test
    void countsBeginAnewAndDocumentsStay() {
        put(1, "Anna", 1).join();
        stub.reset(0);

        assertThat(stub.counts()).isEqualTo(new Counts(0, 0, 0, 0, 0));
        assertThat(stub.documents()).containsOnlyKeys(1L);

        stub.clear();
        assertThat(stub.documents()).isEmpty();
    }

    @Test
    void aDeletedSubjectIsGone() {
        put(1, "Anna", 1).join();
        client.sendAsync(
                        HttpRequest.newBuilder(stub.address().resolve("/orders/1"))
                                .DELETE()
                                .build(),
                        BodyHandlers.ofString())
                .join();

        assertThat(stub.documents()).isEmpty();
        assertThat(counted()).isEqualTo(new Counts(2, 0, 0, 0, 0));
    }
}
