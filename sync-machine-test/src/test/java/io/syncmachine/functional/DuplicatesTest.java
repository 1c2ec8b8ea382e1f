package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Node;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.Store;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** One publication at a time, and no lost update, where jobs are handed out twice and leases are lost. */
class DuplicatesTest {

    private final World world = new World();
    private final FakeApi api = world.api;
    private final RedeliveringJobs jobs = new RedeliveringJobs(world.store.jobs());

    @AfterEach
    void close() {
        world.close();
    }

    @Nested
    class WithLeases {

        private final Node one = start("one", world.store.leases());
        private final Node two = startAnother("two", world.store.leases());

        @Test
        void aJobThatIsHandedOutTwiceIsPublishedOnce() {
            jobs.twiceInABatch = true;

            saveAndRun("open");

            assertThat(api.calls).hasSize(1);
            assertThat(world.results()).containsExactlyInAnyOrder(Result.PUBLISHED, Result.SNOOZED);
            assertThat(one.engine().backlog().isEmpty()).isTrue();
        }

        @Test
        void aJobThatIsHandedToAnotherNodeIsPublishedOnce() {
            api.next(FakeApi.takesPlaceAfter(two.threads()::runAll));

            saveAndRun("open");
            two.threads().runAll();

            assertThat(jobs.redelivered).isPositive();
            assertThat(api.calls).hasSize(1);
            assertThat(world.results()).containsExactlyInAnyOrder(Result.PUBLISHED, Result.SNOOZED);
            assertThat(world.record(1).inDoubt()).isFalse();
        }

        @Test
        void aLeaseIsGivenBackAfterTheRun() {
            saveAndRun("open");
            saveAndRun("sent");

            assertThat(api.content).containsEntry("1", json(1, "sent"));
            assertThat(api.calls).hasSize(2);
        }

        private void saveAndRun(String status) {
            world.save(1, status);
            one.threads().runAll();
        }
    }

    @Nested
    class WithLeasesThatAreGrantedToEverybody {

        private final Node one = start("one", new GenerousLeases());
        private final Node two = startAnother("two", new GenerousLeases());

        @Test
        void aSecondRunWaitsUntilTheFirstCallIsOverAndTheSubjectIsSentAgain() {
            api.next(FakeApi.takesPlaceAfter(two.threads()::runAll));
            world.save(1, "open");
            one.threads().runAll();

            assertThat(jobs.redelivered).isPositive();
            assertThat(api.calls).hasSize(1);
            assertThat(world.results()).contains(Result.SUPERSEDED).doesNotContain(Result.PUBLISHED);
            assertThat(world.record(1).inDoubt()).isTrue();

            runAllAfter(World.LEASE);

            assertThat(api.calls).hasSize(2);
            assertThat(api.keys().get(1)).isEqualTo(api.keys().get(0));
            assertConverged("open");
        }

        @Test
        void aChangeMeanwhileIsNotLost() {
            api.next(FakeApi.takesPlaceAfter(() -> {
                world.save(1, "sent");
                two.threads().runAll();
            }));
            world.save(1, "open");
            one.threads().runAll();

            runAllAfter(World.LEASE);

            assertConverged("sent");
        }

        @Test
        void aHolderThatOutlivedItsLeaseDoesNotRecordOverItsSuccessor() {
            api.next(FakeApi.takesPlaceAfter(() -> {
                world.save(1, "sent");
                world.clock.advance(World.LEASE);
                two.threads().runAll();
                assertThat(api.content).containsEntry("1", json(1, "sent"));
            }));
            world.save(1, "open");
            one.threads().runAll();
            assertThat(world.results()).contains(Result.SUPERSEDED);

            runAllAfter(World.LEASE);

            assertConverged("sent");
        }

        @Test
        void aHolderThatFailsAfterItsSuccessorLeavesDoubt() {
            api.next(apply -> {
                world.save(1, "sent");
                world.clock.advance(World.LEASE);
                two.threads().runAll();
                apply.run();
                throw new IOException("connection reset");
            });
            world.save(1, "open");
            one.threads().runAll();

            runAllAfter(World.LEASE);

            assertConverged("sent");
        }

        private void runAllAfter(Duration duration) {
            for (int i = 0; i < 3; i++) {
                world.clock.advance(duration);
                one.threads().runAll();
                two.threads().runAll();
            }
        }

        private void assertConverged(String status) {
            assertThat(api.content).containsEntry("1", json(1, status));
            assertThat(world.record(1).inDoubt()).isFalse();
            assertThat(one.engine().backlog().isEmpty()).isTrue();
        }
    }

    @Nested
    class WithAnExclusiveExecutor {

        @Test
        void aHolderThatOutlivedItsClaimDoesNotRecordOverItsSuccessor() {
            world.start(world.orders());
            Node two = world.startAnother("two", world.store.another(), world.orders());
            api.next(FakeApi.takesPlaceAfter(() -> {
                world.save(1, "sent");
                world.clock.advance(World.LEASE);
                two.threads().runAll();
                assertThat(api.content).containsEntry("1", json(1, "sent"));
            }));
            world.save(1, "open");

            world.run();

            assertThat(api.calls)
                    .extracting(FakeApi.Call::json)
                    .containsExactly(json(1, "open"), json(1, "sent"), json(1, "sent"));
            assertThat(api.content).containsEntry("1", json(1, "sent"));
            assertThat(world.record(1).inDoubt()).isFalse();
        }
    }

    private Node start(String name, LeaseStore leases) {
        return new Node(
                world.start(
                        name,
                        world.entities,
                        parts(world.store, jobs.executor(), leases),
                        world.threads,
                        world.orders()),
                world.threads);
    }

    private Node startAnother(String name, LeaseStore leases) {
        return world.startAnother(name, parts(world.store.another(), jobs.executor(), leases), world.orders());
    }

    /** A store of parts that do not know of each other. */
    private static Store parts(InMemoryStore store, JobExecutor jobs, LeaseStore leases) {
        return Altered.port(Store.class, store, Map.of("jobs", (none, real) -> jobs, "leases", (none, real) -> leases));
    }

    /** Leases that keep nobody out. */
    private static final class GenerousLeases implements LeaseStore {

        @Override
        public Set<String> tryAcquire(Collection<String> keys, String holder, Duration ttl) {
            return new HashSet<>(keys);
        }

        @Override
        public Optional<String> holder(String key) {
            return Optional.empty();
        }

        @Override
        public Set<String> renew(Collection<String> keys, String holder, Duration ttl) {
            return new HashSet<>(keys);
        }

        @Override
        public void release(Collection<String> keys, String holder) {}
    }

    /** Hands each job out once more while its first claim is not settled; the second claim settles nothing. */
    private static final class RedeliveringJobs {

        private final JobExecutor jobs;
        private final Map<Long, Claim> unsettled = new HashMap<>();
        private boolean twiceInABatch;
        private long redelivered;

        RedeliveringJobs(JobExecutor jobs) {
            this.jobs = jobs;
        }

        @SuppressWarnings("unchecked") // the arguments of the methods
        JobExecutor executor() {
            return Altered.port(
                    JobExecutor.class,
                    jobs,
                    Map.of(
                            "capabilities", (none, real) -> Set.of(),
                            "claim", (arguments, real) -> claim((ClaimRequest) arguments[0]),
                            "complete",
                                    (arguments, real) -> {
                                        Collection<Claim> claims = (Collection<Claim>) arguments[0];
                                        claims.forEach(this::settled);
                                        return jobs.complete(claims);
                                    },
                            "release",
                                    (arguments, real) -> {
                                        Collection<Release> releases = (Collection<Release>) arguments[0];
                                        releases.stream().map(Release::claim).forEach(this::settled);
                                        return real.call();
                                    },
                            "park",
                                    (arguments, real) -> {
                                        Collection<Park> parks = (Collection<Park>) arguments[0];
                                        parks.stream().map(Park::claim).forEach(this::settled);
                                        return real.call();
                                    }));
        }

        private void settled(Claim claim) {
            unsettled.remove(claim.token());
        }

        private List<Claim> claim(ClaimRequest request) {
            List<Claim> claims = new ArrayList<>();
            unsettled.values().removeIf(claim -> {
                boolean wanted = claim.key().stage() == request.stage();
                if (wanted) {
                    claims.add(again(claim));
                }
                return wanted;
            });
            for (Claim claim : jobs.claim(request)) {
                claims.add(claim);
                if (twiceInABatch) {
                    claims.add(again(claim));
                } else {
                    unsettled.put(claim.token(), claim);
                }
            }
            return claims;
        }

        private Claim again(Claim claim) {
            redelivered++;
            return new Claim(
                    claim.key(), -redelivered, claim.attempt(), claim.failingFor(), claim.changed(), claim.causes());
        }
    }
}
