package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.MachineRegistry.MachineState;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link MachineRegistry} promises. */
public abstract class MachineRegistryContract {

    private static final Duration SHORT = Duration.ofMillis(200);

    private MachineRegistry machines;

    /** A registry without machines. Called once, before each test. */
    protected abstract MachineRegistry createMachines() throws Exception;

    /** Lets at least this much time pass for the registry. */
    protected abstract void pass(Duration duration) throws Exception;

    /** The same registry as another node sees it; the default is the same object. */
    protected MachineRegistry anotherNode() throws Exception {
        return machines;
    }

    @BeforeEach
    final void begin() throws Exception {
        machines = createMachines();
    }

    @Test
    void knowsNothingAtFirst() {
        assertThat(machines.states()).isEmpty();
    }

    @Test
    void knowsWhatWasAnnounced() throws Exception {
        machines.announce(Map.of("orders", 3, "invoices", 0));

        MachineState orders = state("orders");
        assertThat(orders.builderVersion()).isEqualTo(3);
        assertThat(orders.sweptVersion()).isEqualTo(3);
        assertThat(orders.paused()).isNull();
        assertThat(anotherNode().states()).containsOnlyKeys("orders", "invoices");
    }

    @Test
    void announcesNothingWhereThereIsNothing() {
        machines.announce(Map.of());

        assertThat(machines.states()).isEmpty();
    }

    @Test
    void aVersionRisesAndNeverFalls() {
        machines.announce(Map.of("orders", 3));
        machines.announce(Map.of("orders", 5));
        machines.announce(Map.of("orders", 4));

        assertThat(state("orders").builderVersion()).isEqualTo(5);
        assertThat(state("orders").sweptVersion()).isEqualTo(3);
    }

    @Test
    void isSweptWhenThatIsSaid() {
        machines.announce(Map.of("orders", 3));
        machines.announce(Map.of("orders", 5));

        machines.swept("orders", 5);
        machines.swept("orders", 4);

        assertThat(state("orders").sweptVersion()).isEqualTo(5);
    }

    @Test
    void isPausedForAllUntilItIsResumed() throws Exception {
        machines.announce(Map.of("orders", 0, "invoices", 0));

        machines.pause("orders", "the API moves, until \"8\" ü");

        assertThat(Objects.requireNonNull(anotherNode().states().get("orders")).paused())
                .isEqualTo("the API moves, until \"8\" ü");
        assertThat(state("invoices").paused()).isNull();
        machines.announce(Map.of("orders", 1));
        assertThat(state("orders").paused()).isNotNull();

        machines.pause("orders", null);
        assertThat(state("orders").paused()).isNull();
    }

    @Test
    void whatWasNeverAnnouncedCannotBePaused() {
        assertThatThrownBy(() -> machines.pause("orders", "why"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("orders");
    }

    @Test
    void tellsHowLongAgoAMachineWasAnnounced() throws Exception {
        machines.announce(Map.of("orders", 0, "invoices", 0));
        pass(SHORT);
        machines.announce(Map.of("orders", 0));

        assertThat(state("invoices").unseenFor()).isGreaterThanOrEqualTo(SHORT);
        assertThat(state("orders").unseenFor()).isLessThan(state("invoices").unseenFor());
    }

    @Test
    void nodesMayAnnounceAtTheSameTime() throws Exception {
        AtomicInteger number = new AtomicInteger();

        Together.run(4, () -> {
            int node = number.getAndIncrement();
            for (int version = 0; version < 20; version++) {
                machines.announce(new TreeMap<>(Map.of("a", version, "b", version + node, "c-" + node, version)));
            }
            return true;
        });

        assertThat(state("a").builderVersion()).isEqualTo(19);
        assertThat(state("b").builderVersion()).isEqualTo(22);
        assertThat(machines.states()).hasSize(6);
    }

    private MachineState state(String machine) {
        return Objects.requireNonNull(machines.states().get(machine));
    }
}
