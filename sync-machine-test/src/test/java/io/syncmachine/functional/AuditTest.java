package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.Audit;
import io.syncmachine.AuditReport;
import io.syncmachine.AuditReport.Example;
import io.syncmachine.AuditReport.Finding;
import io.syncmachine.Policy;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.functional.World.Order;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class AuditTest {

    private final World world = new World();
    private final SyncMachine<Order, Long> machine = SyncMachine.define(World.MACHINE, Order.class, Long.class)
            .listenTo(Order.class)
            .publishWhen(order -> !order.status().equals("draft"))
            .build(order -> {
                if (order.status().equals("broken")) {
                    throw new IllegalStateException("no lines");
                }
                return World.document(order);
            })
            .publish(world.api::put)
            .onDeletePublication(world.api::delete)
            .policy(World.POLICY.unpublishable(Policy.Unpublishable.DELETE))
            .done();
    private SyncEngine engine = world.start(machine);

    @BeforeEach
    void publishFour() {
        for (long id = 1; id <= 4; id++) {
            world.save(id, "open");
        }
        world.run();
        world.api.calls.clear();
    }

    @AfterEach
    void close() {
        world.close();
    }

    /** Changes what is stored, unseen by a capture. */
    private void unseen(Runnable changes) {
        engine.close();
        changes.run();
        engine = world.start(machine);
    }

    private Optional<String> get(Audit.Subject<Long> subject) {
        return Optional.ofNullable(world.api.content.get(subject.id().toString()));
    }

    @Nested
    class AgainstTheRecords {

        @Test
        void agreesWhereNothingDrifted() {
            AuditReport report = engine.audit(machine).run();

            assertThat(report.subjects()).isEqualTo(4);
            assertThat(report.count(Finding.AGREES)).isEqualTo(4);
            assertThat(report.drifted()).isZero();
            assertThat(report.examples()).isEmpty();
        }

        @Test
        void findsWhatIsMissingDiffersAndIsTooMuch() {
            unseen(() -> {
                world.save(2, "sent");
                world.delete(3);
                world.save(5, "open");
                world.save(6, "draft");
            });

            AuditReport report = engine.audit(machine).run();

            assertThat(report.count(Finding.DIFFERS)).isEqualTo(1);
            assertThat(report.count(Finding.EXTRA)).isEqualTo(1);
            assertThat(report.count(Finding.MISSING)).isEqualTo(1);
            assertThat(report.count(Finding.ABSENT)).isEqualTo(1);
            assertThat(report.count(Finding.AGREES)).isEqualTo(2);
            assertThat(report.examples()).extracting(Example::id).containsExactlyInAnyOrder("2", "3", "5");
            assertThat(report.examples())
                    .filteredOn(example -> example.finding() == Finding.DIFFERS)
                    .allSatisfy(example -> {
                        assertThat(example.differences()).hasSize(1);
                        assertThat(example.differences().get(0).path()).isEqualTo("/status");
                        assertThat(example.differences().get(0).after()).isEqualTo("\"sent\"");
                    });
            assertThat(report.toString()).contains("3 drifted", "missing 1", "differs 1");
            world.run();
            assertThat(world.api.calls).isEmpty();
        }

        @Test
        void tellsWhatIsUnderWayApart() {
            engine.pause(machine, "wait");
            world.save(1, "sent");
            world.run();

            AuditReport report = engine.audit(machine).run();

            assertThat(report.count(Finding.PENDING)).isEqualTo(1);
            assertThat(report.drifted()).isZero();
        }

        @Test
        void tellsWhatWasGivenUpApart() {
            world.api.next(FakeApi.fails(new RejectedException("no")));
            world.save(1, "sent");
            world.run();

            assertThat(engine.audit(machine).run().count(Finding.GIVEN_UP)).isEqualTo(1);
        }

        @Test
        void tellsWhatIsInDoubtApart() {
            world.api.next(FakeApi.losesItsAnswer());
            world.save(1, "sent");
            world.run();

            assertThat(engine.audit(machine).run().count(Finding.IN_DOUBT)).isEqualTo(1);
        }

        @Test
        void tellsWhatCannotBeBuilt() {
            unseen(() -> world.save(2, "broken"));

            AuditReport report = engine.audit(machine).run();

            assertThat(report.count(Finding.FAILED)).isEqualTo(1);
            assertThat(report.examples())
                    .extracting(Example::reason)
                    .first()
                    .asString()
                    .contains("no lines");
        }

        @Test
        void looksAtThoseThatAreNamed() {
            unseen(() -> {
                world.save(2, "sent");
                world.save(3, "sent");
            });

            AuditReport report = engine.audit(machine).ids(List.of(1L, 2L)).run();

            assertThat(report.subjects()).isEqualTo(2);
            assertThat(report.drifted()).isEqualTo(1);
        }

        @Test
        void looksAtASample() {
            for (long id = 5; id <= 2_000; id++) {
                world.save(id, "open");
            }
            world.run();

            assertThat(engine.audit(machine).sample(0.1).run().subjects()).isBetween(100L, 320L);
            assertThatThrownBy(() -> engine.audit(machine).sample(0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("0");
        }

        @Test
        void mendsWhatDrifted() {
            unseen(() -> {
                world.save(2, "sent");
                world.delete(3);
                world.save(5, "open");
            });

            AuditReport report = engine.audit(machine).heal(2).run();
            world.run();

            assertThat(report.healed()).isEqualTo(3);
            assertThat(world.api.calls).hasSize(3);
            assertThat(engine.audit(machine).run().drifted()).isZero();
            assertThat(world.api.content).containsOnlyKeys("1", "2", "4", "5");
        }
    }

    @Nested
    class AgainstTheApi {

        @Test
        void agreesWhateverTheFormOfTheJson() {
            world.api.content.put("1", "{ \"status\" : \"open\", \"id\" : 1.0 }");

            AuditReport report =
                    engine.audit(machine).against(AuditTest.this::get, 1_000).run();

            assertThat(report.count(Finding.AGREES)).isEqualTo(4);
        }

        @Test
        void findsWhatTheApiLostAlteredAndKept() {
            unseen(() -> world.save(9, "draft"));
            world.api.content.remove("1");
            world.api.content.put("2", World.json(2, "else"));
            world.api.content.put("9", World.json(9, "draft"));
            assertThat(engine.audit(machine).run().drifted()).isZero();

            AuditReport report =
                    engine.audit(machine).against(AuditTest.this::get, 1_000).run();

            assertThat(report.count(Finding.MISSING)).isEqualTo(1);
            assertThat(report.count(Finding.DIFFERS)).isEqualTo(1);
            assertThat(report.count(Finding.EXTRA)).isEqualTo(1);
            assertThat(report.examples()).allMatch(Example::readFromApi);
        }

        @Test
        void mendsThat() {
            unseen(() -> world.save(9, "draft"));
            world.api.content.remove("1");
            world.api.content.put("2", World.json(2, "else"));
            world.api.content.put("9", World.json(9, "draft"));

            AuditReport report = engine.audit(machine)
                    .against(AuditTest.this::get, 1_000)
                    .heal(100)
                    .run();
            world.run();

            assertThat(report.healed()).isEqualTo(3);
            assertThat(world.api.calls).hasSize(3);
            assertThat(world.api.content)
                    .containsOnlyKeys("1", "2", "3", "4")
                    .containsEntry("2", World.json(2, "open"));
        }

        @Test
        void countsWhatCannotBeRead() {
            AuditReport report = engine.audit(machine)
                    .against(
                            subject -> {
                                throw new IOException("HTTP 500");
                            },
                            1_000)
                    .run();

            assertThat(report.count(Finding.FAILED)).isEqualTo(4);
            assertThat(report.examples()).allMatch(example -> example.reason().contains("HTTP 500"));
        }
    }
}
