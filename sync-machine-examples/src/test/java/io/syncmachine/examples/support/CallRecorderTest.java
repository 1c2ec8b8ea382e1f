package io.syncmachine.examples.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CallRecorderTest {

    private final CallRecorder recorder = new CallRecorder();

    @Test
    void callsOfOneSubjectOverlapOnlyIfTheyAreThereTogether() {
        try (CallRecorder.Call first = recorder.begin("1");
                CallRecorder.Call other = recorder.begin("2")) {
            first.accepted("{}");
            other.accepted("{}");
        }
        assertThat(recorder.counts().overlapping()).isZero();

        try (CallRecorder.Call first = recorder.begin("1");
                CallRecorder.Call second = recorder.begin("1");
                CallRecorder.Call third = recorder.begin("1")) {
            assertThat(first).isNotSameAs(second).isNotSameAs(third);
        }
        assertThat(recorder.counts().overlapping()).isEqualTo(2);

        recorder.begin("1").close();
        assertThat(recorder.counts().overlapping()).isEqualTo(2);
        assertThat(recorder.counts().calls()).isEqualTo(6);
    }

    @Test
    void keepsTheLastAcceptedDocument() {
        try (CallRecorder.Call call = recorder.begin("1")) {
            call.accepted("old");
            call.accepted("new");
        }
        recorder.begin("2").close();
        try (CallRecorder.Call call = recorder.begin("3")) {
            call.accepted("there");
            call.accepted(null);
        }
        assertThat(recorder.documents()).isEqualTo(Map.of("1", "new"));
        assertThat(recorder.counts().accepted()).isEqualTo(4);
    }

    @Test
    void holdsAnswersUntilTheyAreReleased() throws Exception {
        CountDownLatch held = recorder.holdAnswers(1, 1);
        CompletableFuture<Void> answer = CompletableFuture.runAsync(() -> {
            try (CallRecorder.Call call = recorder.begin("1")) {
                call.beforeAnswer();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(held.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(answer).isNotDone();

        recorder.releaseAnswers();
        answer.get(10, TimeUnit.SECONDS);
        assertThat(recorder.counts().overlapping()).isZero();
    }

    @Test
    void tellsWhenASubjectIsCalled() {
        CompletableFuture<Long> called = recorder.nextCall("1");
        recorder.begin("2").close();
        assertThat(called).isNotDone();
        recorder.begin("1").close();
        assertThat(called).isDone();
    }

    @Test
    void countsHowManyWereThereAtOnceAndInATime() {
        try (CallRecorder.Call a = recorder.begin("a");
                CallRecorder.Call b = recorder.begin("b")) {
            assertThat(a).isNotSameAs(b);
        }
        recorder.begin("a").close();

        assertThat(recorder.mostInFlight()).isEqualTo(2);
        assertThat(recorder.mostWithin(Duration.ofHours(1), subject -> true)).isEqualTo(3);
        assertThat(recorder.mostWithin(Duration.ofHours(1), "b"::equals)).isEqualTo(1);
        assertThat(recorder.mostWithin(Duration.ZERO.plusNanos(1), subject -> true))
                .isLessThan(3);
    }
}
