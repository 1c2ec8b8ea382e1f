package io.syncmachine.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.testing.TestDatabase;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Every peer does every work, with tiny numbers, and nothing is wrong in the end. */
class PeersTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Stock STOCK = Stock.measured(6, 3, 12);

    private final StubServer server = StubServer.start();
    private final Stub stub = new Stub(server.port());

    @AfterEach
    void close() {
        server.close();
    }

    private Setting setting(PeerKind kind, String url, boolean works) {
        return new Setting(kind, new Access(url), stub.address(), works, 8, 20, 0, false, 4, STOCK, 2);
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.EXCLUDE,
            names = {"BARE_ASYNC", "BARE_CLASSIC", "JOBRUNR"})
    void whatPeersSendIsRightInTheEnd(PeerKind kind) {
        assertRight(kind, List.of(Work.values()));
    }

    /** It looks for work every five seconds only. */
    @Test
    @Tag("full")
    void whatJobRunrSendsIsRightInTheEnd() {
        assertRight(PeerKind.JOBRUNR, List.of(Work.CREATE, Work.BURST));
    }

    private void assertRight(PeerKind kind, List<Work> works) {
        try (TestDatabase database = TestDatabase.create();
                PeerControl peer = PeerSession.open(setting(kind, database.url(), true))) {
            Trial trial = new Trial(peer, stub, new Access(database.url()), PATIENCE);
            for (Work work : works) {
                int needed = work.needed(STOCK);
                Figures figures = trial.measure(work, needed, 0, 7);

                assertThat(figures.wrong()).as("%s: wrong", work).isZero();
                assertThat(figures.overlapping()).as("%s: overlapping", work).isZero();
                assertThat(figures.stale()).as("%s: stale", work).isZero();
                assertThat(figures.calls()).as("%s: calls", work).isBetween((double) needed, 5.0 * needed);
                assertThat(figures.seconds()).as("%s: seconds", work).isPositive();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.EXCLUDE,
            names = {"BARE_ASYNC", "BARE_CLASSIC"})
    void captureIsMeasuredWithoutAnyCalls(PeerKind kind) {
        try (TestDatabase database = TestDatabase.create();
                PeerControl peer = PeerSession.open(setting(kind, database.url(), false))) {
            PeerControl.Captured one = peer.capture(1, 2, 5);
            PeerControl.Captured ten = peer.capture(10, 2, 3);

            assertThat(one.with())
                    .hasSize(2)
                    .allSatisfy(rate -> assertThat(rate).isPositive());
            assertThat(one.without()).hasSize(2);
            assertThat(ten.with()).hasSize(2);
            if (kind != PeerKind.HOOK) {
                assertThat(peer.isIdle()).as("nothing was noted").isFalse();
            }
            assertThat(stub.counts().calls()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BARE_ASYNC", "BARE_CLASSIC"})
    void theCeilingIsMeasuredWithAsManyCallsAsAreNeeded(PeerKind kind) {
        try (PeerControl peer = PeerSession.open(setting(kind, "", true))) {
            Figures figures = new Trial(peer, stub, null, PATIENCE).measure(Work.CREATE, STOCK.orders(), 0, 7);

            assertThat(figures.calls()).isEqualTo(STOCK.orders());
            assertThat(figures.redundant()).isZero();
        }
    }
}
