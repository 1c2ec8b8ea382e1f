package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeHandler;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Cause;
import io.syncmachine.event.Hook;
import io.syncmachine.event.HookCall;
import io.syncmachine.event.HookScope;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.SyncObserver;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an observer is told of calls of the application's functions. */
class HooksTest {

    private final World world = new World();
    private final Recording recording = new Recording();
    private boolean publishable = true;

    @AfterEach
    void close() {
        world.close();
    }

    private static final class Recording implements SyncObserver {

        final List<HookCall> calls = new ArrayList<>();
        final List<String> ends = new ArrayList<>();

        @Override
        public void onOutcomes(List<Outcome> outcomes) {}

        @Override
        public HookScope onCall(HookCall call) {
            calls.add(call);
            return failure -> ends.add(call.hook() + (failure == null ? "" : " " + failure.getMessage()));
        }

        List<Hook> taken() {
            List<Hook> hooks = calls.stream().map(HookCall::hook).toList();
            calls.clear();
            return hooks;
        }
    }

    private SyncMachine<Order, Long> machine() {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .listenTo(Customer.class, Set.of("name"), Customer::orderIds)
                .publishWhen(order -> publishable)
                .build(World::document)
                .publish(world.api::put)
                .onDeletePublication(world.api::delete)
                .afterPublish((order, document) -> {})
                .policy(World.POLICY)
                .done();
    }

    private SyncEngine start(SyncObserver... more) {
        return world.start(builder -> {
            builder.machines(machine()).observer(recording);
            for (SyncObserver observer : more) {
                builder.observer(observer);
            }
            return builder;
        });
    }

    @Test
    void areToldWhereTheyAreCalledAndNotElsewhere() {
        start();

        world.save(1, "open");
        world.run();
        assertThat(recording.taken())
                .containsExactly(Hook.CHECK_PUBLISHABLE, Hook.BUILD, Hook.PUBLISH, Hook.AFTER_PUBLISH);

        world.entities.save(new Customer(7, "Ada", List.of(1L)));
        world.run();
        assertThat(recording.taken()).containsExactly(Hook.SUBJECT_IDS, Hook.CHECK_PUBLISHABLE, Hook.BUILD);

        publishable = false;
        world.save(1, "sent");
        world.run();
        assertThat(recording.taken()).containsExactly(Hook.CHECK_PUBLISHABLE);

        world.delete(1);
        world.run();
        assertThat(recording.taken()).containsExactly(Hook.ON_DELETE);
    }

    @Test
    void areDescribed() {
        start();
        world.save(1, "open");
        world.run();
        recording.taken();

        world.entities.save(new Customer(7, "Ada", List.of(1L)));
        world.run();

        HookCall finding = recording.calls.get(0);
        assertThat(finding.machine()).isEqualTo(World.MACHINE);
        assertThat(finding.entityType()).isEqualTo("Customer");
        assertThat(finding.id()).isEqualTo("7");
        assertThat(finding.causes()).extracting(Cause::type).containsExactly("Customer");
        HookCall building = recording.calls.get(2);
        assertThat(building.entityType()).isEqualTo("Order");
        assertThat(building.id()).isEqualTo("1");
        assertThat(building.causes()).isEqualTo(finding.causes());
    }

    @Test
    void areToldToHaveFailed() {
        start();
        world.api.next(FakeApi.fails(new IllegalStateException("down")));

        world.save(1, "open");
        world.run();

        assertThat(recording.ends).containsExactly("CHECK_PUBLISHABLE", "BUILD", "PUBLISH down");
    }

    @Test
    void areToldOfHandlers() {
        world.start(builder -> builder.observer(recording)
                .handlers(ChangeHandler.onChange("watch", Order.class, change -> {
                    throw new IllegalStateException("no");
                })));

        world.save(1, "open");
        world.run();

        assertThat(recording.taken()).containsExactly(Hook.HANDLE_CHANGE);
        assertThat(recording.ends).containsExactly("HANDLE_CHANGE no");
    }

    @Test
    void areCalledAlsoWhereAnObserverFails() {
        start(
                new SyncObserver() {
                    @Override
                    public void onOutcomes(List<Outcome> outcomes) {}

                    @Override
                    public HookScope onCall(HookCall call) {
                        throw new IllegalStateException("observer");
                    }
                },
                new SyncObserver() {
                    @Override
                    public void onOutcomes(List<Outcome> outcomes) {}

                    @Override
                    public HookScope onCall(HookCall call) {
                        return failure -> {
                            throw new IllegalStateException("scope");
                        };
                    }
                });

        world.save(1, "open");
        world.run();

        assertThat(world.api.calls).hasSize(1);
        assertThat(recording.ends).hasSize(4);
    }
}
