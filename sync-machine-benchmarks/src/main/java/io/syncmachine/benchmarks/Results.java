package io.syncmachine.benchmarks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What was measured, all rounds, and the medians of it. */
final class Results {

    private static final Comparator<Key> ORDER =
            Comparator.comparing(Key::part).thenComparing(Key::work).thenComparing(Key::peer);
    private static final Comparator<CaptureKey> CAPTURE_ORDER =
            Comparator.comparing(CaptureKey::perTransaction).thenComparing(CaptureKey::peer);

    private final Map<Key, List<Figures>> figures = new TreeMap<>(ORDER);
    private final Map<CaptureKey, List<Captured>> captured = new TreeMap<>(CAPTURE_ORDER);

    /** Which figures. */
    record Key(Part part, Work work, PeerKind peer) {}

    /** Which transactions. */
    record CaptureKey(int perTransaction, PeerKind peer) {}

    /**
     * Transactions a second without and with capture.
     *
     * @param ratio of the second to the first, in the median of the turns
     */
    record Captured(double without, double with, double ratio) {

        static Captured of(PeerControl.Captured turns) {
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < turns.with().size(); i++) {
                ratios.add(turns.with().get(i) / turns.without().get(i));
            }
            return new Captured(median(turns.without()), median(turns.with()), median(ratios));
        }
    }

    void add(Part part, Work work, PeerKind peer, Figures measured) {
        figures.computeIfAbsent(new Key(part, work, peer), key -> new ArrayList<>())
                .add(measured);
    }

    void add(int perTransaction, PeerKind peer, PeerControl.Captured turns) {
        captured.computeIfAbsent(new CaptureKey(perTransaction, peer), key -> new ArrayList<>())
                .add(Captured.of(turns));
    }

    /** The medians, each figure for itself. */
    Map<Key, Figures> medians() {
        Map<Key, Figures> medians = new TreeMap<>(ORDER);
        figures.forEach((key, rounds) -> medians.put(key, medianOf(rounds)));
        return medians;
    }

    private static Figures medianOf(List<Figures> rounds) {
        return new Figures(
                of(rounds, Figures::seconds),
                of(rounds, Figures::hostPerSecond),
                of(rounds, Figures::needed),
                of(rounds, Figures::calls),
                of(rounds, Figures::redundant),
                of(rounds, Figures::overlapping),
                of(rounds, Figures::stale),
                ofKnown(rounds, Figures::wrong),
                ofKnown(rounds, Figures::machineCpuSeconds),
                of(rounds, Figures::peerCpuSeconds),
                of(rounds, Figures::heapMegabytes),
                ofKnown(rounds, Figures::residentMegabytes),
                of(rounds, Figures::threads));
    }

    private static double of(List<Figures> rounds, Function<Figures, Double> figure) {
        return median(rounds.stream().map(figure).toList());
    }

    private static @Nullable Double ofKnown(List<Figures> rounds, Function<Figures, @Nullable Double> figure) {
        List<Double> known = new ArrayList<>();
        for (Figures round : rounds) {
            Double value = figure.apply(round);
            if (value != null) {
                known.add(value);
            }
        }
        return known.isEmpty() ? null : median(known);
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().filter(Objects::nonNull).sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }

    /** The medians of what was captured. */
    Map<CaptureKey, Captured> captures() {
        Map<CaptureKey, Captured> medians = new TreeMap<>(CAPTURE_ORDER);
        captured.forEach((key, rounds) -> medians.put(
                key,
                new Captured(
                        median(rounds.stream().map(Captured::without).toList()),
                        median(rounds.stream().map(Captured::with).toList()),
                        median(rounds.stream().map(Captured::ratio).toList()))));
        return medians;
    }

    Map<Key, List<Figures>> rounds() {
        return figures;
    }

    Map<CaptureKey, List<Captured>> captureRounds() {
        return captured;
    }

    /** Whether in any round something was wrong at the API in the end. */
    boolean anythingWrong() {
        return figures.values().stream().flatMap(List::stream).anyMatch(one -> one.wrong() != null && one.wrong() > 0);
    }
}
