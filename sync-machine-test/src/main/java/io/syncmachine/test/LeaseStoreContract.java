package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.spi.LeaseStore;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What every {@link LeaseStore} promises. */
public abstract class LeaseStoreContract {

    /** A time that passes in the test. */
    private static final Duration SHORT = Duration.ofMillis(200);

    /** A time that does not pass in the test. */
    private static final Duration LONG = Duration.ofMinutes(5);

    private static final List<String> KEY = List.of("default/orders/1");
    private static final String MINE = "node-1/orders/1";
    private static final String OTHER = "node-2/orders/1";

    private LeaseStore leases;

    /** A store without leases. Called once, before each test. */
    protected abstract LeaseStore createLeases() throws Exception;

    /** Lets at least this much time pass for the store: by moving its clock, moving what it has stored, or waiting. */
    protected abstract void pass(Duration duration) throws Exception;

    /** The same leases as another node sees them; the default is the same object. */
    protected LeaseStore anotherNode() throws Exception {
        return leases;
    }

    @BeforeEach
    final void begin() throws Exception {
        leases = createLeases();
    }

    @Nested
    class ALease {

        @Test
        void isGrantedWhereNobodyHoldsTheKey() {
            assertThat(leases.tryAcquire(KEY, MINE, LONG)).containsExactlyElementsOf(KEY);
        }

        @Test
        void isNotGrantedWhileSomebodyElseHoldsTheKey() throws Exception {
            leases.tryAcquire(KEY, MINE, LONG);

            assertThat(leases.tryAcquire(KEY, OTHER, LONG)).isEmpty();
            assertThat(anotherNode().tryAcquire(KEY, OTHER, LONG)).isEmpty();
        }

        @Test
        void isGrantedAnewToItsHolder() throws Exception {
            leases.tryAcquire(KEY, MINE, SHORT);

            assertThat(leases.tryAcquire(KEY, MINE, LONG)).containsExactlyElementsOf(KEY);

            passLease();
            assertThat(leases.tryAcquire(KEY, OTHER, LONG)).isEmpty();
        }

        @Test
        void expires() throws Exception {
            leases.tryAcquire(KEY, MINE, SHORT);
            passLease();

            assertThat(leases.tryAcquire(KEY, OTHER, LONG)).containsExactlyElementsOf(KEY);
            assertThat(leases.tryAcquire(KEY, MINE, LONG)).isEmpty();
        }

        @Test
        void isGrantedForEachKeyOfItsOwn() {
            leases.tryAcquire(List.of("a", "b"), OTHER, LONG);

            assertThat(leases.tryAcquire(List.of("a", "b", "c", "d"), MINE, LONG))
                    .containsExactlyInAnyOrder("c", "d");
        }

        @Test
        void mayComeWithManyOthers() {
            List<String> keys = IntStream.range(0, 1_000)
                    .mapToObj(i -> "default/orders/" + i)
                    .toList();

            assertThat(leases.tryAcquire(keys, MINE, LONG)).hasSize(keys.size());
            assertThat(leases.renew(keys, MINE, LONG)).hasSize(keys.size());
            leases.release(keys, MINE);
            assertThat(leases.tryAcquire(keys, OTHER, LONG)).hasSize(keys.size());
        }

        @Test
        void mayBeNone() {
            assertThat(leases.tryAcquire(List.of(), MINE, LONG)).isEmpty();
            assertThat(leases.renew(List.of(), MINE, LONG)).isEmpty();
            leases.release(List.of(), MINE);
        }
    }

    @Nested
    class TheHolder {

        @Test
        void isTold() throws Exception {
            leases.tryAcquire(KEY, MINE, LONG);
            assertThat(leases.holder(KEY.get(0))).contains(MINE);
            assertThat(anotherNode().holder(KEY.get(0))).contains(MINE);
        }

        @Test
        void isNobodyBeforeAndAfterTheLease() throws Exception {
            assertThat(leases.holder(KEY.get(0))).isEmpty();
            leases.tryAcquire(KEY, MINE, SHORT);
            passLease();
            assertThat(leases.holder(KEY.get(0))).isEmpty();
            leases.tryAcquire(KEY, MINE, LONG);
            leases.release(KEY, MINE);
            assertThat(leases.holder(KEY.get(0))).isEmpty();
        }
    }

    @Nested
    class Renewing {

        @Test
        void extendsALease() throws Exception {
            leases.tryAcquire(KEY, MINE, SHORT);

            assertThat(leases.renew(KEY, MINE, LONG)).containsExactlyElementsOf(KEY);

            passLease();
            assertThat(leases.tryAcquire(KEY, OTHER, LONG)).isEmpty();
        }

        @Test
        void leavesTheLeasesOfOthersAlone() throws Exception {
            leases.tryAcquire(KEY, OTHER, SHORT);

            assertThat(leases.renew(KEY, MINE, LONG)).isEmpty();

            passLease();
            assertThat(leases.tryAcquire(KEY, MINE, LONG)).containsExactlyElementsOf(KEY);
        }

        @Test
        void makesNoLease() {
            assertThat(leases.renew(KEY, MINE, LONG)).isEmpty();
            assertThat(leases.tryAcquire(KEY, OTHER, LONG)).containsExactlyElementsOf(KEY);
        }

        @Test
        void doesNotBringBackALeaseThatAnotherHasTaken() throws Exception {
            leases.tryAcquire(KEY, MINE, SHORT);
            passLease();
            leases.tryAcquire(KEY, OTHER, LONG);

            assertThat(leases.renew(KEY, MINE, LONG)).isEmpty();
        }

        @Test
        void answersTheKeysThatAreStillHeld() {
            leases.tryAcquire(List.of("a", "b", "c"), MINE, LONG);
            leases.release(List.of("b"), MINE);

            assertThat(leases.renew(List.of("a", "b", "c", "d"), MINE, LONG)).containsExactlyInAnyOrder("a", "c");
        }
    }

    @Nested
    class Releasing {

        @Test
        void endsALease() {
            leases.tryAcquire(KEY, MINE, LONG);
            leases.release(KEY, MINE);

            assertThat(leases.tryAcquire(KEY, OTHER, LONG)).containsExactlyElementsOf(KEY);
        }

        @Test
        void leavesTheLeaseOfASuccessorAlone() throws Exception {
            leases.tryAcquire(KEY, MINE, SHORT);
            passLease();
            leases.tryAcquire(KEY, OTHER, LONG);

            leases.release(KEY, MINE);

            assertThat(leases.tryAcquire(KEY, MINE, LONG)).isEmpty();
            assertThat(leases.renew(KEY, OTHER, LONG)).containsExactlyElementsOf(KEY);
        }

        @Test
        void ofWhatIsNotHeldDoesNothing() {
            leases.release(KEY, MINE);

            assertThat(leases.tryAcquire(KEY, OTHER, LONG)).containsExactlyElementsOf(KEY);
        }
    }

    @Nested
    class AtTheSameTime {

        @Test
        void onlyOneIsGrantedAKey() throws Exception {
            List<String> keys =
                    IntStream.range(0, 100).mapToObj(i -> "key-" + i).toList();
            LeaseStore other = anotherNode();
            AtomicInteger number = new AtomicInteger();

            List<Set<String>> granted = Together.run(4, () -> {
                int own = number.getAndIncrement();
                return (own % 2 == 0 ? leases : other).tryAcquire(keys, "node-" + own, LONG);
            });

            assertThat(granted.stream().flatMap(Set::stream)).containsExactlyInAnyOrderElementsOf(keys);
        }
    }

    private void passLease() throws Exception {
        pass(SHORT.plusMillis(50));
    }
}
