package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.spi.EngineThreads.Loop;
import io.syncmachine.spi.EngineThreads.Step;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ManualThreadsTest {

    private static final Duration REST = Duration.ofSeconds(1);

    private final ManualThreads threads = ManualThreads.create();
    private final List<String> ran = new ArrayList<>();

    /** Has something to do so many times. */
    private Step work(String name, int times) {
        AtomicInteger left = new AtomicInteger(times);
        return () -> {
            if (left.getAndDecrement() > 0) {
                ran.add(name);
                return Duration.ZERO;
            }
            return REST;
        };
    }

    @Test
    void runNothingByThemselves() {
        threads.repeat("a", work("a", 1));

        assertThat(ran).isEmpty();
    }

    @Test
    void runOneStepThatHasSomethingToDo() {
        threads.repeat("idle", () -> REST);
        threads.repeat("a", work("a", 2));

        assertThat(threads.runNext()).isTrue();
        assertThat(ran).containsExactly("a");
        assertThat(threads.runNext()).isTrue();
        assertThat(threads.runNext()).isFalse();
        assertThat(ran).containsExactly("a", "a");
    }

    @Test
    void runLoopsInTurnUntilAllRest() {
        threads.repeat("a", work("a", 3));
        threads.repeat("b", work("b", 1));

        threads.runAll();

        assertThat(ran).containsExactly("a", "b", "a", "a");
    }

    @Test
    void runALoopAgainThatWasWokenAfterItRested() {
        AtomicInteger runs = new AtomicInteger();
        Loop first = threads.repeat("a", () -> {
            runs.incrementAndGet();
            return REST;
        });
        threads.repeat("b", () -> {
            if (runs.get() == 1) {
                first.wake();
            }
            return REST;
        });

        assertThat(threads.runNext()).isFalse();

        assertThat(runs).hasValue(2);
    }

    @Test
    void runPublicationsAtOnce() {
        threads.publications("orders", 4).execute(() -> ran.add("publication"));

        assertThat(ran).containsExactly("publication");
    }

    @Test
    void failWithAStepThatFails() {
        threads.repeat("relay", () -> {
            throw new IOException("broken");
        });

        assertThatThrownBy(threads::runAll)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("relay")
                .hasRootCauseMessage("broken");
    }

    @Test
    void recordFailuresIfTheyAreToldTo() {
        ManualThreads recording = ManualThreads.recordingFailures();
        recording.repeat("relay", () -> {
            throw new IOException("broken");
        });
        recording.repeat("a", work("a", 1));

        recording.runAll();

        assertThat(ran).containsExactly("a");
        assertThat(recording.failures()).isNotEmpty().allMatch(failure -> failure instanceof IOException);
    }

    @Test
    void noticeWorkWithoutEnd() {
        threads.repeat("busy", () -> Duration.ZERO);

        assertThatThrownBy(threads::runAll)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("100000")
                .hasMessageContaining("busy");
    }

    @Test
    void noticeLoopsThatWakeEachOtherWithoutEnd() {
        List<Loop> loops = new ArrayList<>();
        for (String name : List.of("restless", "sleepless")) {
            loops.add(threads.repeat(name, () -> {
                loops.forEach(Loop::wake);
                return REST;
            }));
        }

        assertThatThrownBy(threads::runAll).isInstanceOf(AssertionError.class).hasMessageContaining("restless");
    }

    @Test
    void refuseAStepWithinAStep() {
        threads.repeat("a", () -> {
            threads.runAll();
            return REST;
        });

        assertThatThrownBy(threads::runAll).hasRootCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void runAStoppedLoopNoMore() {
        Loop loop = threads.repeat("a", work("a", 5));
        threads.runNext();

        loop.stop(REST);

        assertThat(threads.runNext()).isFalse();
        assertThat(ran).hasSize(1);
    }

    @Test
    void runWhatIsWaitedFor() {
        threads.repeat("a", work("a", 5));

        threads.await(() -> ran.size() == 3, REST);
        assertThat(ran).hasSize(3);

        threads.await(() -> false, REST);
        assertThat(ran).hasSize(5);
    }
}
