package io.syncmachine.torture;

import io.syncmachine.SyncEngine.Backlog;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What has come of it; {@code findings} tells one by one what must not be. */
record Report(
        long changes,
        long unclearCommits,
        long subjects,
        Ledger.Counts counts,
        int kills,
        int databaseKills,
        int redisFaults,
        int workers,
        int lost,
        int stale,
        int phantom,
        Backlog left,
        int permanent,
        double recoveryP99Seconds,
        double seconds,
        List<String> findings) {

    /** Whether the library has kept what it promises. */
    boolean holds() {
        return lost == 0
                && stale == 0
                && phantom == 0
                && counts.overlapping() == 0
                && counts.disordered() == 0
                && left.isEmpty()
                && (left.parked() == permanent || (redisFaults > 0 && left.parked() < permanent))
                && counts.redundant() <= redundantAtMost();
    }

    private long redundantAtMost() {
        return ((long) kills + (long) redisFaults * workers) * Shop.CONCURRENCY + counts.lostAnswers();
    }

    Map<String, Object> json() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("changes", changes);
        fields.put("calls", counts.calls());
        fields.put("kills", kills);
        fields.put("lost", lost);
        fields.put("stale", stale);
        fields.put("phantom", phantom);
        fields.put("overlapping", counts.overlapping());
        fields.put("redundant", counts.redundant());
        fields.put("deadLettered", left.parked());
        fields.put("permanent", permanent);
        fields.put("recoveryP99Seconds", rounded(recoveryP99Seconds));
        fields.put("seconds", rounded(seconds));
        fields.put("subjects", subjects);
        fields.put("lostAnswers", counts.lostAnswers());
        fields.put("concurrency", Shop.CONCURRENCY);
        fields.put("redundantAtMost", redundantAtMost());
        fields.put("late", counts.late());
        fields.put("lateRefused", counts.lateRefused());
        fields.put("disordered", counts.disordered());
        fields.put("databaseKills", databaseKills);
        fields.put("redisFaults", redisFaults);
        fields.put("unclearCommits", unclearCommits);
        fields.put("settled", left.isEmpty());
        fields.put("holds", holds());
        return fields;
    }

    /** The same for people. */
    String table() {
        return json().entrySet().stream()
                .map(field -> String.format("  %-20s %s", field.getKey(), field.getValue()))
                .collect(Collectors.joining(System.lineSeparator()));
    }

    private static BigDecimal rounded(double value) {
        return BigDecimal.valueOf(value).setScale(2, RoundingMode.HALF_UP);
    }
}
