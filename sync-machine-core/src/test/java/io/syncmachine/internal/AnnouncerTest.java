package io.syncmachine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.event.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What observers are told. */
class AnnouncerTest {

    private final List<Outcome> told = new ArrayList<>();
    private final Announcer announcer = new Announcer(List.of(told::addAll));

    private static List<Outcome> outcomes(int count) {
        return Collections.nCopies(
                count, new Outcome("t", "m", "1", Outcome.Result.PUBLISHED, null, 1, null, null, null, List.of()));
    }

    private void tellAll() {
        while (announcer.run().equals(Duration.ZERO)) {
            assertThat(told).isNotEmpty();
        }
    }

    @Test
    void isEverythingWhereObserversKeepUp() {
        announcer.add(outcomes(3_000));
        assertThat(announcer.isIdle()).isFalse();

        tellAll();

        assertThat(told).hasSize(3_000);
        assertThat(announcer.isIdle()).isTrue();
    }

    @Test
    void isNoMoreThanFitsIntoMemoryWhereTheyDoNot() {
        for (int i = 0; i < 3; i++) {
            announcer.add(outcomes(Announcer.MOST_WAITING / 2));
        }

        tellAll();
        assertThat(told).hasSize(Announcer.MOST_WAITING);
        assertThat(announcer.isIdle()).isTrue();
        announcer.add(outcomes(10));
        tellAll();

        assertThat(told).hasSize(Announcer.MOST_WAITING + 10);
    }

    @Test
    void isNothingWhereThereAreNone() {
        Announcer nobody = new Announcer(List.of());

        nobody.add(outcomes(10));

        assertThat(nobody.isIdle()).isTrue();
    }
}
