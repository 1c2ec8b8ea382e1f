package io.syncmachine.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.slf4j.LoggerFactory;

class SimulationTest {

    private static final int SEEDS = 1000;
    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.syncmachine");
    private static Level level;

    @BeforeAll
    static void silence() {
        level = LOGGER.getLevel();
        Simulate.silence();
    }

    @AfterAll
    static void speakAgain() {
        LOGGER.setLevel(level);
    }

    @Test
    void noSeedViolatesAnything() {
        Seeds.Result result = new Seeds(1, SEEDS, null, false).run();

        List<String> violations = new ArrayList<>();
        result.violations().forEach((seed, violation) -> violations.add(Simulate.failing(seed, violation)));
        assertThat(violations).isEmpty();
        assertThat(result.rare(SEEDS)).isEmpty();
    }

    @Test
    void aSeedsLogIsTheSameToTheByteInEveryRun() {
        for (long seed = 1; seed <= 20; seed++) {
            assertThat(log(seed)).isEqualTo(log(seed));
        }
    }

    @Test
    void aSeedsLogIsTheSameToTheByteInEveryJvm() throws IOException, InterruptedException {
        StringBuilder logs = new StringBuilder();
        for (long seed = 1; seed <= 20; seed++) {
            logs.append(log(seed));
        }

        assertThat(inAnotherJvm("--seeds", "20", "--from", "1", "--log")).isEqualTo(logs.toString());
    }

    private static String log(long seed) {
        try (Carriers carriers = new Carriers();
                World world = new World(seed, null, true, carriers)) {
            assertThat(world.run()).isNull();
            return world.log();
        }
    }

    private static String inAnotherJvm(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Simulate.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return output;
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.INCLUDE,
            names = {"FENCE_SKIPPED", "EQUAL_BEATS_DOUBT", "COALESCED_AFTER_THE_READ", "INTENT_NOT_NOTED"})
    void aPlantedBugIsCaughtSoon(Sabotage sabotage) {
        assertThat(caught(sabotage, 1000)).isNotEmpty();
    }

    static Map<Long, String> caught(Sabotage sabotage, int seeds) {
        return new Seeds(1, seeds, sabotage, true).run().violations();
    }
}
