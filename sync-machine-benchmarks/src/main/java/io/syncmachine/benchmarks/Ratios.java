package io.syncmachine.benchmarks;

import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * SyncMachine compared with others at one work; null where one of them was not measured. Speeds are needed documents per second until
 * all is right.
 *
 * @param toBestDurable its speed to that of the fastest durable peer
 * @param toHook its speed to that of the plain hook
 * @param toBare its speed to that of HttpClient alone, in its faster form
 * @param cpuToBestDurable the machine's CPU seconds per needed document, to those of the durable peer that needs least
 */
record Ratios(
        @Nullable Double toBestDurable,
        @Nullable Double toHook,
        @Nullable Double toBare,
        @Nullable Double cpuToBestDurable) {

    static @Nullable Ratios of(Map<Results.Key, Figures> medians, Part part, Work work) {
        Figures own = medians.get(new Results.Key(part, work, PeerKind.SYNC_MACHINE));
        if (own == null || own.needed() == 0) {
            return null;
        }
        Function<Predicate<PeerKind>, Stream<Figures>> others = which -> Arrays.stream(PeerKind.values())
                .filter(which.and(peer -> peer != PeerKind.SYNC_MACHINE))
                .map(peer -> medians.get(new Results.Key(part, work, peer)))
                .filter(Objects::nonNull);
        return new Ratios(
                ratio(own.neededPerSecond(), fastest(others.apply(PeerKind::isDurable))),
                ratio(own.neededPerSecond(), fastest(others.apply(peer -> peer == PeerKind.HOOK))),
                ratio(own.neededPerSecond(), fastest(others.apply(PeerKind::isBare))),
                ratio(
                        own.machineCpuSeconds(),
                        others.apply(PeerKind::isDurable)
                                .map(Figures::machineCpuSeconds)
                                .filter(Objects::nonNull)
                                .min(Double::compare)
                                .orElse(null)));
    }

    private static @Nullable Double fastest(Stream<Figures> figures) {
        return figures.map(Figures::neededPerSecond).max(Double::compare).orElse(null);
    }

    private static @Nullable Double ratio(@Nullable Double one, @Nullable Double other) {
        return one == null || other == null || other == 0 ? null : one / other;
    }
}
