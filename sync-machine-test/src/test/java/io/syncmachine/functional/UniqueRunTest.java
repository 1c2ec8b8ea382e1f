package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.SyncEngine;
import io.syncmachine.UniqueRun;
import io.syncmachine.functional.World.Node;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tasks of which there is one at a time. */
class UniqueRunTest {

    private static final String NAME = "fetch";
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private final World world = new World();
    private final List<String> runs = new ArrayList<>();
    private SyncEngine engine;
    private Node other;

    @BeforeEach
    void start() {
        engine = world.start(world.orders());
        other = world.startAnother("other", builder -> builder.machines(world.orders()));
    }

    @AfterEach
    void close() {
        world.close();
    }

    private Optional<UniqueRun> elsewhere(String arguments) throws Exception {
        return other.engine().runUnique(NAME, arguments, LONGEST, () -> runs.add("other " + arguments));
    }

    @Test
    void oneOfTheSameNameAndArgumentsIsRefusedAndToldWhoRuns() throws Exception {
        Instant began = world.clock.now();
        List<UniqueRun> refusals = new ArrayList<>();

        Optional<UniqueRun> answer = engine.runUnique(NAME, "a", LONGEST, () -> {
            world.clock.advance(Duration.ofSeconds(5));
            elsewhere("a").ifPresent(refusals::add);
            engine.runUnique(NAME, "a", LONGEST, () -> runs.add("again")).ifPresent(refusals::add);
            elsewhere("b").ifPresent(refusals::add);
        });

        assertThat(answer).isEmpty();
        assertThat(refusals).containsExactly(new UniqueRun("node", began), new UniqueRun("node", began));
        assertThat(runs).containsExactly("other b");
    }

    @Test
    void theNextCanBeginAtOnceWhenOneHasEndedOrFailed() throws Exception {
        engine.runUnique(NAME, "", LONGEST, () -> runs.add("first"));
        assertThatThrownBy(() -> engine.runUnique(NAME, "", LONGEST, () -> {
                    throw new IOException("third party is down");
                }))
                .hasMessage("third party is down");
        elsewhere("");

        assertThat(runs).containsExactly("first", "other ");
    }

    @Test
    void oneThatTakesLongKeepsItsLease() throws Exception {
        engine.runUnique(NAME, "", LONGEST, () -> {
            for (int i = 0; i < 20; i++) {
                world.runAfter(Duration.ofSeconds(20));
                assertThat(elsewhere("")).isPresent();
            }
        });
        assertThat(runs).isEmpty();
    }

    @Test
    void oneWhoseProcessDiedIsFollowedAfterALease() throws Exception {
        engine.runUnique(NAME, "", LONGEST, () -> {
            world.clock.advance(World.LEASE.minusSeconds(1));
            assertThat(elsewhere("")).isPresent();
            world.clock.advance(Duration.ofSeconds(2));
            assertThat(elsewhere("")).isEmpty();
        });
        assertThat(runs).containsExactly("other ");
    }

    @Test
    void oneThatTakesTooLongIsInterrupted() throws Exception {
        assertThatThrownBy(() -> engine.runUnique(NAME, "", Duration.ofSeconds(30), () -> {
                    world.runAfter(Duration.ofSeconds(10));
                    assertThat(Thread.currentThread().isInterrupted()).isFalse();
                    world.runAfter(Duration.ofSeconds(20));
                    Thread.sleep(60_000);
                }))
                .isInstanceOf(InterruptedException.class);
        assertThat(elsewhere("")).isEmpty();
    }

    @Test
    void oneThatHasLostItsLeaseIsInterrupted() throws Exception {
        engine.runUnique(NAME, "", LONGEST, () -> {
            world.clock.advance(World.LEASE);
            world.store.leases().tryAcquire(Set.of("run/fetch/"), "somebody", LONGEST);
            world.run();
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        });
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(world.store.leases().holder("run/fetch/")).contains("somebody");
    }

    @Test
    void badArgumentsAreRefused() {
        assertThatThrownBy(() -> engine.runUnique("no name", "", LONGEST, () -> {}))
                .hasMessageContaining("'no name'");
        assertThatThrownBy(() -> engine.runUnique(NAME, "x".repeat(1_001), LONGEST, () -> {}))
                .hasMessageContaining("1001");
        assertThatThrownBy(() -> engine.runUnique(NAME, "", Duration.ZERO, () -> {}))
                .hasMessageContaining("PT0S");
    }
}
