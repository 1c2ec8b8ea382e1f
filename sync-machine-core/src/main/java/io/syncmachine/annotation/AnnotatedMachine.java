package io.syncmachine.annotation;

import io.syncmachine.SyncMachine;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes machines from annotations: the same machines, with the same rules and errors, as the builder behind {@link
 * SyncMachine#define}. Needs no container.
 *
 * <p>A class of its own declares a machine and has its hooks; an instance may hold whatever they need:
 *
 * <pre>{@code
 * @SyncMachineFor(subject = Order.class, name = "order-to-api")
 * @ListenTo({"status", "customer"})
 * class OrderToApi {
 *     @ListenTo({"firstName", "lastName"}) List<Long> orders(Customer customer) { return customer.orderIds(); }
 *     @PublishWhen boolean isReady(Order order) { return order.isPurchased(); }
 *     @Build OrderDocument build(Order order) { return OrderDocument.of(order); }
 *     @Publish void put(Order order, OrderDocument document) throws IOException { api.put("/orders/" + document.id(), document); }
 *     @OnDelete void delete(Long id) throws IOException { api.delete("/orders/" + id); }
 * }
 *
 * SyncMachine<?, ?> machine = AnnotatedMachine.of(new OrderToApi(api));
 * }</pre>
 *
 * <p>Or the subject's class declares it. There, {@code this} is the subject that the hook would take, a hook that takes no subject
 * or finds subjects is static, and what needs an API client is in an object beside it:
 *
 * <pre>{@code
 * @SyncMachineFor(name = "order-to-api")
 * class Order {
 *     @ListenTo private String status;
 *     @ListenTo({"firstName", "lastName"}) static List<Long> of(Customer customer) { return customer.orderIds(); }
 *     @PublishWhen boolean isPurchased() { … }
 *     @Build OrderDocument document() { … }
 * }
 *
 * SyncMachine<Order, ?> machine = AnnotatedMachine.of(Order.class, new OrderApi(api)); // has the methods with @Publish, @OnDelete
 * }</pre>
 *
 * <p>There are {@link ListenTo}, {@link Reads}, {@link ListenToEvent}, {@link PublishWhen}, {@link Build}, {@link Publish}, {@link OnDelete} and
 * {@link UsePolicy}; and what follows a publication: {@link AfterPublish}, {@link AfterDelete}, {@link OnDeadLetter}, {@link OnFollowUp}.
 *
 * <p>Hooks are called by several threads at once. They may be of any visibility, inherited, generic, or declared by interfaces; an
 * overriding method needs no annotation of its own, so that proxies which are subclasses work. What a hook throws reaches the engine
 * as it is. Classes in a named module must be open to the module of this class.
 */
public final class AnnotatedMachine {

    private AnnotatedMachine() {}

    /**
     * The machine of a class of its own.
     *
     * @param hooks of a class with {@link SyncMachineFor}, which names the subject
     * @param more further objects with hooks
     * @throws IllegalArgumentException if an annotation stands where it must not, or a method does not take or answer what its
     *     annotation demands, naming both and the cure
     * @throws IllegalStateException if something is missing or said twice
     */
    public static SyncMachine<?, ?> of(Object hooks, Object... more) {
        return new Declaration(parts(HookSource.of(hooks), more)).machine();
    }

    /**
     * The machine of a class that is itself the subject.
     *
     * @param subject a class with {@link SyncMachineFor}
     * @param hooks objects with the hooks that the subject's class does not have
     * @throws IllegalArgumentException as {@link #of(Object, Object...)}
     * @throws IllegalStateException as {@link #of(Object, Object...)}
     */
    @SuppressWarnings("unchecked") // a machine that is declared by a class has it as its subject
    public static <S> SyncMachine<S, ?> of(Class<S> subject, Object... hooks) {
        return (SyncMachine<S, ?>) new Declaration(parts(HookSource.ofSubject(subject), hooks)).machine();
    }

    private static List<HookSource> parts(HookSource first, Object... more) {
        List<HookSource> parts = new ArrayList<>();
        parts.add(first);
        for (Object hooks : more) {
            parts.add(HookSource.of(hooks));
        }
        return parts;
    }
}
