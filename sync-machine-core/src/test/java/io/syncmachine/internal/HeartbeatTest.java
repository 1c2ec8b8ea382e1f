package io.syncmachine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangedProperties;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** How long claims last. */
class HeartbeatTest {

    private static final Duration LEASE = Duration.ofSeconds(60);
    private static final Duration STEP = LEASE.dividedBy(6);

    private long nanos;
    private final EngineClock clock = new EngineClock() {
        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(nanos);
        }

        @Override
        public long nanos() {
            return nanos;
        }
    };
    private final InMemoryStore store = InMemoryStore.create(clock);
    private final Heartbeat heartbeat = new Heartbeat(store, LEASE, clock);

    private List<Claim> claim() {
        return store.jobs().claim(new ClaimRequest("orders", Stage.ENSURE_PUBLICATION, 10, LEASE, "node"));
    }

    private HeldClaim hold() {
        JobKey key = JobKey.ensurePublication(Change.DEFAULT_TENANT, "orders", "1");
        store.jobs().enqueue(List.of(new JobRequest(key, ChangedProperties.all())));
        return heartbeat.hold(claim().get(0), nanos);
    }

    /** Lets time pass as it does: with a beat now and then. */
    private void pass(Duration duration) {
        for (long end = nanos + duration.toNanos(); nanos < end; ) {
            nanos += STEP.toNanos();
            heartbeat.run();
        }
    }

    @Test
    void keepsClaimsThatTakeLong() {
        HeldClaim held = hold();

        pass(LEASE.multipliedBy(5));

        assertThat(claim()).isEmpty();
        assertThat(held.left()).isGreaterThan(LEASE.dividedBy(2));
    }

    @Test
    void leavesThoseAloneThatAreNew() {
        HeldClaim held = hold();

        pass(STEP);

        assertThat(held.left()).isEqualTo(LEASE.minus(STEP));
    }

    @Test
    void doesNotKeepWhatHangsForEver() {
        HeldClaim held = hold();

        pass(LEASE.multipliedBy(11));

        assertThat(held.left()).isZero();
        assertThat(claim()).hasSize(1);
    }

    @Test
    void doesNotKeepWhatIsSettled() {
        HeldClaim held = hold();
        heartbeat.drop(held);

        pass(LEASE);

        assertThat(claim()).hasSize(1);
    }

    @Test
    void tellsWhatIsLost() {
        HeldClaim held = hold();
        store.jobs().complete(List.of(held.claim));

        pass(LEASE.dividedBy(2));

        assertThat(held.left()).isZero();
    }

    @Test
    void doesNotReviveWhatHasEnded() {
        HeldClaim held = hold();
        nanos += LEASE.toNanos();

        heartbeat.run();

        assertThat(held.left()).isZero();
        assertThat(claim()).hasSize(1);
    }

    @Test
    void renewsTheLeaseBesideTheClaim() {
        HeldClaim held = hold();
        held.leasedBy(new HeldClaim.SubjectLease("key", "holder"));
        store.leases().tryAcquire(Set.of("key"), "holder", LEASE);

        pass(LEASE.multipliedBy(2));

        assertThat(held.left()).isPositive();
        assertThat(store.leases().tryAcquire(Set.of("key"), "other", LEASE)).isEmpty();
    }

    @Test
    void tellsWhatIsLostWithItsLease() {
        HeldClaim held = hold();
        held.leasedBy(new HeldClaim.SubjectLease("key", "holder"));

        pass(LEASE.dividedBy(2));

        assertThat(held.left()).isZero();
    }
}
