package io.syncmachine;

import io.syncmachine.function.CheckedPredicate;
import io.syncmachine.spi.MachineDefinition;
import java.util.function.Consumer;

/** Definitions made of others. */
final class Variant {

    private Variant() {}

    /**
     * The definition, if its parts fit together.
     *
     * @throws IllegalStateException if not
     */
    static <S, ID, D> MachineDefinition<S, ID, D> checked(MachineDefinition<S, ID, D> definition) {
        if (definition.destination().deletes()) {
            return definition;
        }
        String machine = "machine '" + definition.name() + "': ";
        if (definition.policy().unpublishable() == Policy.Unpublishable.DELETE) {
            throw new IllegalStateException(
                    machine + "unpublishable(DELETE) needs onDelete, or a destination that deletes, but there is none");
        }
        if (definition.chosen() != null) {
            throw new IllegalStateException(
                    machine + "onlyFor(…) needs onDelete, or a destination that deletes, but there is none");
        }
        return definition;
    }

    static <S, ID, D> MachineDefinition<S, ID, D> to(
            Destination<? super S, ? super ID, ? super D> destination, MachineDefinition<S, ID, D> of) {
        Names.check("machine '" + of.name() + "': destination", destination.name());
        if (destination.givesRemoteIds() && of.documentType() == null) {
            throw new IllegalStateException(
                    "machine '" + of.name() + "': the destination '" + destination.name()
                            + "' gives ids, which needs build(Document.class, …), so that an unanswered create can be repeated");
        }
        Policy policy = of.policy().limits(limits(of, destination));
        return sending(destination, policy, destination.givesRemoteIds(), of);
    }

    /** Whatever the destination was, it is the same for the machine with a shadow. */
    static <S, ID, D> MachineDefinition<S, ID, D> shadowed(
            Destination<? super S, ? super ID, ? super D> shadow,
            Consumer<? super ShadowingDestination.Difference> onDifference,
            MachineDefinition<S, ID, D> of) {
        Destination<S, ID, D> both =
                ShadowingDestination.<S, ID, D>of(of.destination(), shadow).onDifference(onDifference);
        return sending(both, of.policy(), of.remoteIdsFromApi(), of);
    }

    private static <S, ID, D> MachineDefinition<S, ID, D> sending(
            Destination<? super S, ? super ID, ? super D> destination,
            Policy policy,
            boolean remoteIdsFromApi,
            MachineDefinition<S, ID, D> of) {
        return checked(new MachineDefinition<>(
                of.name(),
                of.storedName(),
                of.subject(),
                of.idType(),
                of.listeners(),
                of.events(),
                of.reads(),
                of.publishable(),
                of.chosen(),
                of.documentType(),
                of.builder(),
                destination,
                of.told(),
                policy,
                remoteIdsFromApi));
    }

    /** The destination's own; or those of the policy, if they are not what the former destination said. */
    private static Limits limits(MachineDefinition<?, ?, ?> of, Destination<?, ?, ?> destination) {
        boolean saidByPolicy = of.destination().limits().equals(Limits.none());
        boolean saidByDestination = !destination.limits().equals(Limits.none());
        return saidByPolicy && !saidByDestination ? of.policy().limits() : destination.limits();
    }

    static <S, ID, D> MachineDefinition<S, ID, D> named(String name, MachineDefinition<S, ID, D> of) {
        Names.check("name", name);
        if (name.equals(of.name()) || name.equals(of.storedName())) {
            throw new IllegalArgumentException("the machine beside '" + of.name()
                    + "' must have a name that is not and was not its own, but it is '" + name + "'");
        }
        return new MachineDefinition<>(
                name,
                name,
                of.subject(),
                of.idType(),
                of.listeners(),
                of.events(),
                of.reads(),
                of.publishable(),
                of.chosen(),
                of.documentType(),
                of.builder(),
                of.destination(),
                of.told(),
                of.policy(),
                of.remoteIdsFromApi());
    }

    static <S, ID, D> MachineDefinition<S, ID, D> onlyFor(
            CheckedPredicate<? super S> chosen, MachineDefinition<S, ID, D> of) {
        CheckedPredicate<? super S> before = of.chosen();
        return checked(new MachineDefinition<>(
                of.name(),
                of.storedName(),
                of.subject(),
                of.idType(),
                of.listeners(),
                of.events(),
                of.reads(),
                of.publishable(),
                before == null ? chosen : subject -> before.test(subject) && chosen.test(subject),
                of.documentType(),
                of.builder(),
                of.destination(),
                of.told(),
                of.policy(),
                of.remoteIdsFromApi()));
    }
}
