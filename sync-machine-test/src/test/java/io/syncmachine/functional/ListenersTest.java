package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.DeadLetter;
import io.syncmachine.FollowUp;
import io.syncmachine.FollowUp.What;
import io.syncmachine.RejectedException;
import io.syncmachine.StoredDocument;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import io.syncmachine.functional.World.OrderDocument;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Who is told what became of subjects, outside of the publishing path. */
class ListenersTest {

    private final World world = new World();
    private final FakeApi api = world.api;
    private final List<String> told = new ArrayList<>();

    @AfterEach
    void close() {
        world.close();
    }

    private SyncMachine.Finishing<Order, Long, OrderDocument> machine() {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(World::document)
                .publish(api::put)
                .onDeletePublication(api::delete)
                .policy(World.POLICY);
    }

    private SyncMachine<Order, Long> following(CheckedConsumer<FollowUp<Long>> listener) {
        return machine().followUp(listener).done();
    }

    private void note(FollowUp<Long> followUp) {
        told.add(followUp.id() + " " + followUp.what() + " "
                + followUp.acknowledged().map(StoredDocument::json).orElse("nothing"));
    }

    @Nested
    class InAPoolOfTheirOwn {

        private void start() {
            world.start(machine()
                    .afterPublish((order, document) -> told.add("published " + document.status()))
                    .afterDelete(id -> told.add("deleted " + id))
                    .onDeadLetter((id, reason) -> told.add("given up " + id + ": " + reason))
                    .done());
        }

        @Test
        void areToldWhatBecameOfASubject() {
            start();
            world.save(1, "open");
            world.run();
            world.save(1, "open");
            world.run();
            world.delete(1);
            world.run();
            api.next(FakeApi.fails(new RejectedException("no such country")));
            world.save(2, "lost");
            world.run();

            assertThat(told)
                    .containsExactly("published open", "deleted 1", "given up 2: RejectedException: no such country");
        }

        @Test
        void changeNothingWhereTheyFail() {
            world.start(machine()
                    .afterDelete(id -> {
                        throw new IllegalStateException("listener");
                    })
                    .onDeadLetter((id, reason) -> {
                        throw new IllegalStateException("listener");
                    })
                    .done());
            world.save(1, "open");
            world.run();
            world.delete(1);
            api.next(apply -> apply.run(), FakeApi.fails(new RejectedException("no")));
            world.run();
            world.save(2, "lost");
            world.run();

            assertThat(world.results()).containsExactly(Result.PUBLISHED, Result.DELETED, Result.DEAD_LETTERED);
        }
    }

    @Nested
    class ThatAreDurable {

        @Test
        void areToldByAJobOfTheirOwn() {
            world.start(following(ListenersTest.this::note));
            world.save(1, "open");
            world.run();
            world.save(1, "open"); // nothing to tell of
            world.run();
            world.delete(1);
            world.run();
            api.next(FakeApi.fails(new RejectedException("no")));
            world.save(2, "lost");
            world.run();

            assertThat(told)
                    .containsExactly(
                            "1 [PUBLISHED] " + World.json(1, "open"),
                            "1 [DELETED] nothing",
                            "2 [DEAD_LETTERED] nothing");
        }

        @Test
        void areTriedAgainAndToldAllAtOnce() {
            List<FollowUp<Long>> attempts = new ArrayList<>();
            SyncEngine engine = world.start(following(followUp -> {
                attempts.add(followUp);
                if (attempts.size() < 3) {
                    throw new IllegalStateException("mail server is down");
                }
            }));
            world.save(1, "open");
            world.run();
            world.delete(1);
            world.run();
            assertThat(api.kinds()).hasSize(2);

            world.runAfter(Duration.ofSeconds(1));
            world.runAfter(Duration.ofSeconds(1));
            world.runAfter(Duration.ofSeconds(1));

            assertThat(attempts).extracting(FollowUp::attempt).startsWith(1, 2);
            assertThat(attempts.get(2).what()).isEqualTo(Set.of(What.PUBLISHED, What.DELETED));
            assertThat(attempts).hasSize(3);
            assertThat(World.counts(engine)).containsExactly(0L, 0L, 0L);
        }

        @Test
        void areADeadLetterWhereTheyRefuse() {
            SyncEngine engine = world.start(following(followUp -> {
                throw new RejectedException("unknown address");
            }));
            world.save(1, "open");
            world.run();

            DeadLetter letter = engine.deadLetters().page(10).get(0);
            assertThat(letter.followUp()).isTrue();
            assertThat(letter.id()).isEqualTo("1");
            assertThat(letter.failure()).contains("RejectedException: unknown address");
            assertThat(world.results()).containsExactly(Result.PUBLISHED);
            assertThat(engine.deadLetters().requeue(letter)).isTrue();
        }

        @Test
        void survivesACrashWhereverItIs() {
            // the process dies at each of the writes that follow an answer, before it or just after it
            for (int crash = 0; crash < 8; crash++) {
                World own = new World();
                List<String> ownTold = new ArrayList<>();
                SyncMachine<Order, Long> machine = SyncMachine.define(World.MACHINE, Order.class, Long.class)
                        .listenTo(Order.class)
                        .build(World::document)
                        .publish(own.api::put)
                        .policy(World.POLICY)
                        .followUp(followUp -> ownTold.add(followUp.id() + " " + followUp.what()))
                        .done();
                Crash dying = new Crash(crash);
                Node node = own.startAnother("dying", dying.of(own.store.another()), machine);
                own.start("survivor", own.entities, own.store, own.threads, machine);
                own.save(1, "open");
                try {
                    node.threads().runAll();
                } catch (AssertionError e) {
                    assertThat(e).hasRootCauseMessage("crash");
                }
                own.runAfter(World.LEASE.plus(World.DEADLINE).plus(World.GRACE).plusSeconds(1));
                own.runAfter(World.LEASE);

                assertThat(ownTold)
                        .as("crash " + crash)
                        .contains("1 [PUBLISHED]")
                        .hasSizeBetween(1, 2);
                assertThat(own.api.content).containsOnlyKeys("1");
            }
        }
    }

    /** Lets a store fail for ever from a certain write on. */
    private static final class Crash {

        private final int at;
        private int points;
        private boolean isDead;

        Crash(int at) {
            this.at = at;
        }

        Store of(Store store) {
            PayloadStore payloads = Altered.port(
                    PayloadStore.class, store.payloads(), Map.of("record", this::write, "close", this::write));
            JobExecutor jobs = Altered.port(
                    JobExecutor.class,
                    store.jobs(),
                    Map.of("complete", this::write, "enqueue", this::write, "claim", this::alive));
            return Altered.port(
                    Store.class, store, Map.of("payloads", (none, real) -> payloads, "jobs", (none, real) -> jobs));
        }

        private Object alive(Object[] arguments, Altered.Real real) throws Throwable {
            if (isDead) {
                throw new IllegalStateException("crash");
            }
            return real.call();
        }

        private Object write(Object[] arguments, Altered.Real real) throws Throwable {
            dieAt(points++);
            Object answer = real.call();
            dieAt(points++);
            return answer;
        }

        private void dieAt(int point) {
            isDead |= point == at;
            if (isDead) {
                throw new IllegalStateException("crash");
            }
        }
    }
}
