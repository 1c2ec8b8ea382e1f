package io.syncmachine.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Results for people and for programs. */
final class Report {

    private static final String LINE = "%-9s %-13s %-19s %8s %8s %8s %7s %6s %8s %8s %6s %8s %8s %6s %6s %6s%n";

    private final Results results;
    private final Stock stock;

    Report(Results results, Stock stock) {
        this.results = results;
        this.stock = stock;
    }

    String tables() {
        StringBuilder text = new StringBuilder();
        Map<Results.Key, Figures> medians = results.medians();
        if (!medians.isEmpty()) {
            text.append(String.format(
                    LINE,
                    "api",
                    "work",
                    "peer",
                    "seconds",
                    "needed/s",
                    "calls/s",
                    "calls/n",
                    "wrong",
                    "redund.",
                    "overlap.",
                    "stale",
                    "host tx/s",
                    "CPU ms/n",
                    "heap",
                    "RSS",
                    "thr."));
            medians.forEach((key, median) -> text.append(line(key, median)));
            text.append('\n').append(ratios(medians));
        }
        if (!results.captures().isEmpty()) {
            text.append(String.format(
                    "%n%-13s %-19s %10s %10s %8s%n", "changes each", "peer", "without/s", "with/s", "ratio"));
            results.captures()
                    .forEach((key, median) -> text.append(String.format(
                            Locale.ROOT,
                            "%-13d %-19s %10.0f %10.0f %8.2f%n",
                            key.perTransaction(),
                            key.peer().label(),
                            median.without(),
                            median.with(),
                            median.ratio())));
        }
        return text.toString();
    }

    private static String line(Results.Key key, Figures of) {
        return String.format(
                LINE,
                key.part().label(),
                key.work().label(),
                key.peer().label(),
                number(of.seconds(), 2),
                number(of.neededPerSecond(), 0),
                number(of.callsPerSecond(), 0),
                of.needed() == 0 ? number(of.calls(), 0) : number(of.callsPerNeeded(), 2),
                number(of.wrong(), 0),
                number(of.redundant(), 0),
                number(of.overlapping(), 0),
                number(of.stale(), 0),
                number(of.hostPerSecond(), 0),
                of.machineCpuSeconds() == null || of.needed() == 0
                        ? "-"
                        : number(1000 * of.machineCpuSeconds() / of.needed(), 3),
                number(of.heapMegabytes(), 0),
                number(of.residentMegabytes(), 0),
                number(of.threads(), 0));
    }

    private static String number(@Nullable Double value, int decimals) {
        return value == null ? "-" : String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    private static String ratios(Map<Results.Key, Figures> medians) {
        StringBuilder text = new StringBuilder(String.format(
                "%-9s %-13s %15s %10s %10s %22s%n",
                "api", "work", "best durable x", "hook x", "bare x", "CPU of best durable x"));
        for (Part part : Part.values()) {
            for (Work work : Work.values()) {
                Ratios ratios = Ratios.of(medians, part, work);
                if (ratios != null) {
                    text.append(String.format(
                            "%-9s %-13s %15s %10s %10s %22s%n",
                            part.label(),
                            work.label(),
                            number(ratios.toBestDurable(), 2),
                            number(ratios.toHook(), 2),
                            number(ratios.toBare(), 2),
                            number(ratios.cpuToBestDurable(), 2)));
                }
            }
        }
        return text.toString();
    }

    String json() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("stock", stock);
        all.put("java", System.getProperty("java.version"));
        all.put("processors", Runtime.getRuntime().availableProcessors());
        Map<Results.Key, Figures> medians = results.medians();
        List<Object> figures = new ArrayList<>();
        medians.forEach((key, median) -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("part", key.part().label());
            one.put("delayMillis", key.part().delayMillis());
            one.put("inFlight", key.part().inFlight());
            one.put("connections", key.part().connections());
            one.put("work", key.work().label());
            one.put("peer", key.peer().label());
            one.put("neededPerSecond", median.neededPerSecond());
            one.put("callsPerSecond", median.callsPerSecond());
            one.put("callsPerNeeded", median.needed() == 0 ? null : median.callsPerNeeded());
            one.put("median", median);
            one.put("rounds", results.rounds().get(key));
            figures.add(one);
        });
        all.put("works", figures);
        List<Object> ratios = new ArrayList<>();
        for (Part part : Part.values()) {
            for (Work work : Work.values()) {
                Ratios of = Ratios.of(medians, part, work);
                if (of != null) {
                    ratios.add(Map.of("part", part.label(), "work", work.label(), "syncMachine", of));
                }
            }
        }
        all.put("ratios", ratios);
        List<Object> captures = new ArrayList<>();
        results.captures()
                .forEach((key, median) -> captures.add(Map.of(
                        "perTransaction",
                        key.perTransaction(),
                        "peer",
                        key.peer().label(),
                        "median",
                        median,
                        "rounds",
                        results.captureRounds().getOrDefault(key, List.of()))));
        all.put("capture", captures);
        try {
            return new ObjectMapper().writeValueAsString(all);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
