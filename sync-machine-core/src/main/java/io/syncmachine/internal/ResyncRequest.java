package io.syncmachine.internal;

import io.syncmachine.DryRun;
import io.syncmachine.ResyncRun;
import io.syncmachine.function.CheckedPredicate;
import io.syncmachine.spi.EntitySource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Finds out which subjects a resync goes through, and starts it. */
public final class ResyncRequest<S, ID> {

    private static final int READ_AT_ONCE = 200;
    private static final int BAD_LINES_TOLD = 10;
    private static final int LONGEST_LINE_TOLD = 50;

    private final Machine<S, ID, ?> machine;
    private final ResyncOffice office;
    private final EntitySource source;

    /**
     * Of which subjects.
     *
     * @param tenants whose
     * @param ids those that are named; null for all
     * @param file that names them, an encoded id a line; null for none
     * @param chosen which of them; null for each
     * @param force whether to send also what is equal
     */
    public record Wish<S, ID>(
            List<String> tenants,
            @Nullable Iterable<? extends ID> ids,
            @Nullable Path file,
            @Nullable CheckedPredicate<? super S> chosen,
            boolean force) {}

    ResyncRequest(Machine<S, ID, ?> machine, ResyncOffice office, EntitySource source) {
        this.machine = machine;
        this.office = office;
        this.source = source;
    }

    /**
     * What it takes at most.
     *
     * @throws IllegalStateException if the subjects cannot be told
     */
    public DryRun.Estimate estimate(Wish<S, ID> wish) {
        return ask(() -> office.estimate(machine, count(wish)));
    }

    private long count(Wish<S, ID> wish) throws Exception {
        if (wish.ids() == null && wish.file() == null) {
            long total = 0;
            for (String tenant : wish.tenants()) {
                total += source.count(tenant, machine.definition.subject());
            }
            return total;
        }
        long[] count = new long[1];
        named(wish, ids -> count[0] += ids.size());
        return count[0];
    }

    /**
     * Starts it.
     *
     * @throws IllegalArgumentException if a line of the file, or an id, is none; nothing has begun then
     * @throws IllegalStateException if the subjects cannot be told
     */
    public ResyncRun start(Wish<S, ID> wish) {
        if (wish.ids() == null && wish.file() == null && wish.chosen() == null) {
            return ResyncRun.of(office, ask(() -> office.start(machine, wish.tenants(), wish.force())));
        }
        if (wish.tenants().size() != 1) {
            throw new IllegalArgumentException("a resync of some subjects is one tenant's, but " + wish.tenants()
                    + " are named: start one for each");
        }
        if (wish.file() != null) {
            named(wish, ids -> {}); // all lines are looked at before anything is written
        }
        String tenant = wish.tenants().get(0);
        return ResyncRun.of(
                office, ask(() -> office.start(machine, tenant, wish.force(), page -> write(wish, tenant, page))));
    }

    private void write(Wish<S, ID> wish, String tenant, ResyncOffice.Ids.Page page) throws Exception {
        CheckedPredicate<? super S> chosen = wish.chosen();
        if (chosen == null) {
            named(wish, page);
            return;
        }
        List<String> full = new ArrayList<>();
        ResyncOffice.Ids.Page choosing = ids -> {
            for (int from = 0; from < ids.size(); from += READ_AT_ONCE) {
                List<String> some = ids.subList(from, Math.min(from + READ_AT_ONCE, ids.size()));
                full.addAll(choose(tenant, some, chosen));
                if (full.size() >= Resyncing.PAGE) {
                    page.take(List.copyOf(full));
                    full.clear();
                }
            }
        };
        if (wish.ids() == null && wish.file() == null) {
            all(tenant, choosing);
        } else {
            named(wish, choosing);
        }
        if (!full.isEmpty()) {
            page.take(full);
        }
    }

    private void all(String tenant, ResyncOffice.Ids.Page page) throws Exception {
        ID last = null;
        List<ID> ids;
        do {
            ids = source.ids(tenant, machine.definition.subject(), last, Resyncing.PAGE);
            page.take(ids.stream().map(machine::encode).toList());
            last = ids.isEmpty() ? last : ids.get(ids.size() - 1);
        } while (ids.size() == Resyncing.PAGE);
    }

    private List<String> choose(String tenant, List<String> ids, CheckedPredicate<? super S> chosen) throws Exception {
        Map<ID, String> encoded = new LinkedHashMap<>();
        ids.forEach(id -> encoded.put(machine.subjectIds.decode(id), id));
        List<String> result = new ArrayList<>();
        source.read(tenant, machine.definition.subject(), encoded.keySet(), found -> {
            result.clear();
            for (Map.Entry<ID, String> id : encoded.entrySet()) {
                S subject = found.get(id.getKey());
                if (subject != null && chosen.test(subject)) {
                    result.add(id.getValue());
                }
            }
            return null;
        });
        return result;
    }

    private void named(Wish<S, ID> wish, ResyncOffice.Ids.Page page) {
        Pages pages = new Pages(page);
        ask(() -> {
            if (wish.file() != null) {
                read(wish.file(), pages);
            } else if (wish.ids() != null) {
                read(wish.ids(), pages);
            }
            pages.finish();
            return true;
        });
    }

    private void read(Iterable<? extends ID> ids, Pages pages) throws Exception {
        try {
            for (ID id : ids) {
                pages.add(machine.encode(id));
            }
        } finally {
            if (ids instanceof AutoCloseable closeable) {
                closeable.close();
            }
        }
    }

    private void read(Path file, Pages pages) throws Exception {
        StringJoiner bad = new StringJoiner(", ");
        long badLines = 0;
        long number = 0;
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            String line;
            while ((line = lines.readLine()) != null) {
                number++;
                String id = line.strip();
                if (!id.isEmpty()) {
                    try {
                        pages.add(machine.encode(machine.subjectIds.decode(id)));
                    } catch (IllegalArgumentException e) {
                        if (++badLines <= BAD_LINES_TOLD) {
                            bad.add("line " + number + " '" + shortened(line) + "'");
                        }
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "machine '" + machine.name() + "': the ids in " + file + " cannot be read", e);
        }
        if (badLines > 0) {
            throw new IllegalArgumentException("machine '" + machine.name() + "': " + badLines + " of " + number
                    + " lines of " + file + " hold no id of type "
                    + machine.definition.idType().getSimpleName() + ", and nothing was enqueued: " + bad
                    + (badLines > BAD_LINES_TOLD ? " and more" : ""));
        }
    }

    private static String shortened(String line) {
        return line.length() > LONGEST_LINE_TOLD ? line.substring(0, LONGEST_LINE_TOLD) + "…" : line;
    }

    /** Gathers ids into pages. */
    private static final class Pages {

        private final ResyncOffice.Ids.Page page;
        private final List<String> ids = new ArrayList<>();

        Pages(ResyncOffice.Ids.Page page) {
            this.page = page;
        }

        void add(String id) throws Exception {
            ids.add(id);
            if (ids.size() == Resyncing.PAGE) {
                finish();
            }
        }

        void finish() throws Exception {
            if (!ids.isEmpty()) {
                page.take(List.copyOf(ids));
                ids.clear();
            }
        }
    }

    private interface Question<T> {
        T ask() throws Exception;
    }

    private <T> T ask(Question<T> question) {
        try {
            return question.ask();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(
                    "machine '" + machine.name() + "': its subjects cannot be gone through: " + Failures.describe(e),
                    e);
        }
    }
}
