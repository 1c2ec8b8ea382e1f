package io.syncmachine.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The simulation is no better than what it catches. */
@Tag("full")
class SabotageTest {

    private static final int SEEDS = 5000;

    @BeforeAll
    static void silence() {
        SimulationTest.silence();
    }

    @AfterAll
    static void speakAgain() {
        SimulationTest.speakAgain();
    }

    @ParameterizedTest
    @EnumSource(Sabotage.class)
    void everyPlantedBugIsCaught(Sabotage sabotage) {
        assertThat(SimulationTest.caught(sabotage, SEEDS)).isNotEmpty();
    }
}
