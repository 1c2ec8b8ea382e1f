package io.syncmachine.postgres;

import io.syncmachine.postgres.TablePlan.Lead;
import io.syncmachine.postgres.TablePlan.Rows;
import io.syncmachine.postgres.TablePlan.Wish;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.TableMapping;
import io.syncmachine.spi.TableMapping.Column;
import io.syncmachine.spi.TableMapping.IdText;
import io.syncmachine.spi.TableMapping.Piece;
import io.syncmachine.spi.TableMapping.Role;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The body of a table's trigger function on PostgreSQL. Rows before and after a statement are joined by a full join, which no plan can do by
 * looking at every pair: plans are kept per session, and one that was made for a single row must serve for all rows of a table, too. For the
 * same reason nothing that is asked of the join may let the planner see that it need not be full.
 */
final class PostgresFunction {

    /** Before and after a change. */
    private static final String OLD = "o";

    private static final String NEW = "n";
    /** Names of what a change of all properties, a creation, and the lists in a row are, as the outbox has them. */
    private static final String EVERYTHING = "*";

    private static final String CREATION = "+";
    private static final String SEPARATOR = "E'\\x1f'";

    private final TablePlan plan;
    private final String outbox;
    private final boolean perRow;

    PostgresFunction(TablePlan plan, String outbox, boolean perRow) {
        this.plan = plan;
        this.outbox = outbox;
        this.perRow = perRow;
    }

    /** The function's source, which is the same for the same declarations. */
    String body() {
        return "\nbegin\n  if tg_op = 'INSERT' then\n" + each(this::inserted)
                + "  elsif tg_op = 'UPDATE' then\n" + each(this::updated)
                + "  elsif tg_op = 'DELETE' then\n" + each(this::deleted)
                + "  else\n" + truncated()
                + "  end if;\n  return null;\nend\n";
    }

    /** A query that fails where a column is missing or cannot be compared or written as text. It reads nothing. */
    String probe(String table) {
        List<String> expressions = new ArrayList<>();
        for (Rows rows : plan.rows()) {
            expressions.add(id(rows.mapping().id(), NEW));
            expressions.add(tenant(rows, NEW));
            rows.mapping().references().values().forEach(reference -> expressions.add(id(reference.id(), OLD)));
            if (!rows.compared().isEmpty()) {
                expressions.add("(" + differ(rows.compared()) + ")");
            }
            if (rows.mapping().discriminator() != null) {
                expressions.add("(" + filter(rows, NEW) + ")");
            }
        }
        return "select " + String.join(", ", expressions) + " from " + table + " o full join " + table + " n on "
                + sameKey(plan.rows().get(0)) + " where false";
    }

    /** Whether a row has changed in a way that is told, for a row-level trigger's condition; null for whatever changed. */
    String condition() {
        Set<String> conditions = new LinkedHashSet<>();
        for (Rows rows : plan.rows()) {
            conditions.add("(" + keyOrColumnsDiffer(rows, "old", "new") + ")");
        }
        return String.join(" or ", conditions);
    }

    private interface Statements {
        String of(Rows rows);
    }

    private String each(Statements statements) {
        String all = plan.rows().stream().map(statements::of).collect(Collectors.joining());
        return all.isEmpty() ? "    null;\n" : all;
    }

    // ---- what happened to rows

    private String inserted(Rows rows) {
        if (perRow) {
            return isPart(rows) ? told(rows, "new", "") : created(rows, "new", "");
        }
        return isPart(rows) ? told(rows, NEW, " from new_rows n") : created(rows, NEW, " from new_rows n");
    }

    private String deleted(Rows rows) {
        if (perRow) {
            return isPart(rows) ? told(rows, "old", "") : gone(rows, "old", "");
        }
        return isPart(rows) ? told(rows, OLD, " from old_rows o") : gone(rows, OLD, " from old_rows o");
    }

    private String updated(Rows rows) {
        if (perRow) {
            return updatedOne(rows);
        }
        return isPart(rows) ? partsUpdated(rows) : updatedAll(rows);
    }

    private static boolean isPart(Rows rows) {
        return rows.mapping().role() == Role.PART;
    }

    private String created(Rows rows, String alias, String from) {
        return insert(
                select(
                        tenant(rows, alias),
                        text(rows.mapping().type()),
                        id(rows.mapping().id(), alias),
                        text("CREATE"),
                        list(List.of(EVERYTHING, CREATION)),
                        list(rows.all())),
                from,
                filter(rows, alias));
    }

    /** What was deleted, as such and as what it referred to. */
    private String gone(Rows rows, String alias, String from) {
        List<String> values = new ArrayList<>();
        if (!rows.deletions().isEmpty()) {
            values.add(select(
                    text(rows.mapping().type()),
                    id(rows.mapping().id(), alias),
                    text("DELETE"),
                    oldReferences(rows, alias),
                    list(rows.deletions())));
        }
        for (Lead lead : rows.leads()) {
            values.add(select(
                    text(lead.type()),
                    id(rows.reference(lead), alias),
                    text(kind(lead, "DELETE")),
                    text(EVERYTHING),
                    list(machines(rows, lead))));
        }
        return several(rows, tenant(rows, alias), values, from, filter(rows, alias));
    }

    /** All rows of a statement: updated ones, and those whose key was changed, which were deleted and created. */
    private String updatedAll(Rows rows) {
        String noLonger = NEW + "." + firstKey(rows) + " is null";
        String notYet = OLD + "." + firstKey(rows) + " is null";
        String id = "coalesce(" + id(rows.mapping().id(), NEW) + ", "
                + id(rows.mapping().id(), OLD) + ")";
        String tenant = rows.mapping().tenantColumn() == null
                ? tenant(rows, NEW)
                : "coalesce(" + tenant(rows, NEW) + ", " + tenant(rows, OLD) + ")";
        boolean updates = !rows.told().isEmpty();
        String kind = "case when " + noLonger + " then 'DELETE' when " + notYet + " then 'CREATE' else 'UPDATE' end";
        String changed = "case when " + noLonger + " then " + oldReferences(rows, OLD) + " when " + notYet + " then "
                + list(List.of(EVERYTHING, CREATION)) + (updates ? " else " + changedNames(rows, OLD, NEW) : "")
                + " end";
        String machines = "case when " + noLonger + " then " + list(rows.deletions()) + " when " + notYet + " then "
                + list(rows.all()) + (updates ? " else " + concerned(rows, OLD, NEW) : "") + " end";
        String main = select(text(rows.mapping().type()), id, kind, changed, machines);
        String from = " from old_rows o full join new_rows n on " + sameKey(rows);
        String where =
                and(noLonger + " or " + notYet + (updates ? " or " + differ(rows.compared()) : ""), filter(rows));
        if (rows.leads().isEmpty()) {
            return insert(tenant + ", " + main, from, where);
        }
        List<String> values = new ArrayList<>();
        values.add(main);
        for (Lead lead : rows.leads()) {
            values.add(select(
                    text(lead.type()),
                    id(rows.reference(lead), OLD),
                    "case when " + noLonger + " then " + text(kind(lead, "DELETE")) + " else "
                            + text(kind(lead, "UPDATE")) + " end",
                    text(EVERYTHING),
                    "case when " + noLonger + " then " + list(machines(rows, lead)) + " when " + notYet + " then ''"
                            + (updates ? " else " + moved(rows, lead, OLD, NEW) : " else ''") + " end"));
        }
        return several(tenant, values, from, where);
    }

    private String updatedOne(Rows rows) {
        if (isPart(rows)) {
            return "    if " + keyOrColumnsDiffer(rows, "old", "new") + " then\n" + told(rows, "old", "")
                    + "    end if;\n    if " + keyDiffers(rows, "old", "new") + " then\n" + told(rows, "new", "")
                    + "    end if;\n";
        }
        String renumbered = "    if " + keyDiffers(rows, "old", "new") + " then\n" + gone(rows, "old", "")
                + created(rows, "new", "");
        if (rows.told().isEmpty()) {
            return renumbered + "    end if;\n";
        }
        List<String> values = new ArrayList<>();
        values.add(select(
                text(rows.mapping().type()),
                id(rows.mapping().id(), "new"),
                text("UPDATE"),
                changedNames(rows, "old", "new"),
                concerned(rows, "old", "new")));
        for (Lead lead : rows.leads()) {
            values.add(select(
                    text(lead.type()),
                    id(rows.reference(lead), "old"),
                    text(kind(lead, "UPDATE")),
                    text(EVERYTHING),
                    moved(rows, lead, "old", "new")));
        }
        return renumbered + "    elsif " + differ(rows.compared(), "old", "new") + " then\n"
                + several(rows, tenant(rows, "new"), values, "", filter(rows, "new")) + "    end if;\n";
    }

    /** A part was added or removed: its owner is updated. */
    private String told(Rows rows, String alias, String from) {
        return insert(
                (perRow ? "" : "distinct ")
                        + select(
                                tenant(rows, alias),
                                text(rows.mapping().type()),
                                id(rows.mapping().id(), alias),
                                text("UPDATE"),
                                list(rows.told().keySet()),
                                list(partListeners(rows))),
                from,
                and(id(rows.mapping().id(), alias) + " is not null", filter(rows, alias)));
    }

    /** Parts need no key: those that are there before and not after, and the other way round, concern their owners. */
    private String partsUpdated(Rows rows) {
        Set<String> columns = new LinkedHashSet<>();
        rows.mapping().id().columns().forEach(column -> columns.add(quote(column)));
        rows.compared()
                .forEach(column -> columns.add(
                        quote(column.name()) + (column.comparesAsText() ? "::text as " + quote(column.name()) : "")));
        if (rows.mapping().discriminator() != null) {
            columns.add(quote(rows.mapping().discriminator().column()));
        }
        String of = "select " + String.join(", ", columns) + " from ";
        return told(
                rows,
                NEW,
                " from ((" + of + "old_rows except all " + of + "new_rows) union all (" + of + "new_rows except all "
                        + of + "old_rows)) n");
    }

    private static Set<String> partListeners(Rows rows) {
        return rows.wishes().stream()
                .filter(wish -> rows.told().keySet().stream().anyMatch(wish::wants))
                .map(Wish::machine)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Nobody can tell any more whom it concerned. */
    private String truncated() {
        Set<String> machines = new TreeSet<>();
        Set<String> tenants = new TreeSet<>();
        for (Rows rows : plan.rows()) {
            machines.addAll(isPart(rows) ? partListeners(rows) : rows.machines());
            rows.wishes().stream().filter(Wish::isHandler).forEach(wish -> machines.remove(wish.machine()));
            String column = rows.mapping().tenantColumn();
            tenants.add(column == null ? "" : column);
        }
        if (machines.isEmpty()) {
            return "    null;\n";
        }
        String column = tenants.iterator().next();
        String resync = text(Change.RESYNC_TYPE) + ", " + text(Change.RESYNC_ID) + ", 'UPDATE', " + text(EVERYTHING)
                + ", " + list(machines);
        if (column.isEmpty()) {
            return insert(text(Change.DEFAULT_TENANT) + ", " + resync, "", "");
        }
        return "    execute format('insert into %s (tenant, type, entity_id, kind, changed, machines)"
                + " select distinct %I::text, $1, $2, $3, $4, $5 from %s', " + text(outbox) + ", " + text(column)
                + ", tg_relid::regclass) using " + resync + ";\n";
    }

    // ---- parts of statements

    private String insert(String values, String from, String where) {
        return "    insert into " + outbox + " (tenant, type, entity_id, kind, changed, machines)\n      select "
                + values + from + (where.isEmpty() ? "" : "\n      where " + where) + ";\n";
    }

    private String several(Rows rows, String tenant, List<String> values, String from, String where) {
        if (values.isEmpty()) {
            return "";
        }
        if (values.size() == 1 && rows.leads().isEmpty()) {
            return insert(tenant + ", " + values.get(0), from, where);
        }
        return several(tenant, values, from, where);
    }

    private String several(String tenant, List<String> values, String from, String where) {
        String told = "(values\n        (" + String.join("),\n        (", values)
                + ")) as v (type, id, kind, changed, machines)";
        return insert(
                tenant + ", v.type, v.id, v.kind, v.changed, v.machines",
                from.isEmpty() ? " from " + told : from + "\n      cross join lateral " + told,
                and(where, "v.id is not null and v.machines <> ''"));
    }

    private static String select(String... values) {
        return String.join(", ", values);
    }

    private static String and(String a, String b) {
        if (a.isEmpty() || b.isEmpty()) {
            return a + b;
        }
        return "(" + a + ") and (" + b + ")";
    }

    private static String kind(Lead lead, String kind) {
        return lead.type().startsWith(Change.SUBJECT_OF) ? kind : "TOLD";
    }

    private static Set<String> machines(Rows rows, Lead lead) {
        return rows.wishes().stream()
                .filter(wish -> wish.leads().contains(lead))
                .map(Wish::machine)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Whom a reference that points to something else concerns: those that listen to it. */
    private String moved(Rows rows, Lead lead, String before, String after) {
        Set<String> listening = rows.wishes().stream()
                .filter(wish -> wish.leads().contains(lead) && wish.wants(lead.property()))
                .map(Wish::machine)
                .collect(Collectors.toCollection(TreeSet::new));
        List<Column> columns = rows.told().get(lead.property());
        return listening.isEmpty() || columns == null
                ? "''"
                : "case when " + differ(columns, before, after) + " then " + list(listening) + " else '' end";
    }

    /** All properties, and what each reference pointed to. */
    private String oldReferences(Rows rows, String alias) {
        List<String> references = new ArrayList<>();
        new TreeMap<>(rows.mapping().references())
                .forEach((property, reference) ->
                        references.add(text(property + "=") + " || " + id(reference.id(), alias)));
        return references.isEmpty()
                ? text(EVERYTHING)
                : "concat_ws(" + SEPARATOR + ", " + text(EVERYTHING) + ", " + String.join(", ", references) + ")";
    }

    private String changedNames(Rows rows, String before, String after) {
        List<String> names = new ArrayList<>();
        for (Map.Entry<String, List<Column>> told : rows.told().entrySet()) {
            String differs = "case when " + differ(told.getValue(), before, after) + " then ";
            names.add(differs + text(told.getKey()) + " end");
            TableMapping.Reference reference = rows.mapping().references().get(told.getKey());
            if (reference != null) {
                names.add(differs + text(told.getKey() + "=") + " || " + id(reference.id(), before) + " end");
            }
        }
        if (rows.told().size() == 1 && names.size() == 1) {
            return text(rows.told().keySet().iterator().next());
        }
        return "concat_ws(" + SEPARATOR + ", " + String.join(", ", names) + ")";
    }

    /** The machines of an update, of which it is known that something told has changed. */
    private String concerned(Rows rows, String before, String after) {
        Map<Set<Column>, Set<String>> byColumns = new LinkedHashMap<>();
        for (Wish wish : rows.wishes()) {
            Set<Column> columns = rows.columnsOf(wish);
            if (!columns.isEmpty()) {
                byColumns.computeIfAbsent(columns, key -> new TreeSet<>()).add(wish.machine());
            }
        }
        if (byColumns.size() == 1) {
            return list(byColumns.values().iterator().next());
        }
        List<String> names = new ArrayList<>();
        byColumns.forEach((columns, machines) -> names.add(
                columns.equals(rows.compared())
                        ? list(machines)
                        : "case when " + differ(columns, before, after) + " then " + list(machines) + " end"));
        return "concat_ws(" + SEPARATOR + ", " + String.join(", ", names) + ")";
    }

    private static String differ(Collection<Column> columns) {
        return differ(columns, OLD, NEW);
    }

    private static String differ(Collection<Column> columns, String before, String after) {
        return columns.stream()
                .map(column -> {
                    String name = "." + quote(column.name()) + (column.comparesAsText() ? "::text" : "");
                    return after + name + " is distinct from " + before + name;
                })
                .collect(Collectors.joining(" or "));
    }

    private static String keyDiffers(Rows rows, String before, String after) {
        return rows.mapping().id().columns().stream()
                .map(column -> after + "." + quote(column) + " is distinct from " + before + "." + quote(column))
                .collect(Collectors.joining(" or "));
    }

    private static String keyOrColumnsDiffer(Rows rows, String before, String after) {
        return keyDiffers(rows, before, after)
                + (rows.compared().isEmpty() ? "" : " or " + differ(rows.compared(), before, after));
    }

    private static String sameKey(Rows rows) {
        return rows.mapping().id().columns().stream()
                .map(column -> "n." + quote(column) + " = o." + quote(column))
                .collect(Collectors.joining(" and "));
    }

    private static String firstKey(Rows rows) {
        return quote(rows.mapping().id().columns().iterator().next());
    }

    private static String filter(Rows rows, String alias) {
        TableMapping.Discriminator discriminator = rows.mapping().discriminator();
        return discriminator == null
                ? ""
                : alias + "." + quote(discriminator.column()) + "::text = " + text(discriminator.value());
    }

    /** Of both sides of a full join. */
    private static String filter(Rows rows) {
        TableMapping.Discriminator discriminator = rows.mapping().discriminator();
        if (discriminator == null) {
            return "";
        }
        String column = "." + quote(discriminator.column());
        return "coalesce(n" + column + ", o" + column + ")::text = " + text(discriminator.value());
    }

    private static String tenant(Rows rows, String alias) {
        String column = rows.mapping().tenantColumn();
        return column == null ? text(Change.DEFAULT_TENANT) : alias + "." + quote(column) + "::text";
    }

    private static String id(IdText id, String alias) {
        return id.pieces().stream().map(piece -> piece(piece, alias)).collect(Collectors.joining(" || "));
    }

    private static String piece(Piece piece, String alias) {
        return switch (piece.form()) {
            case LITERAL -> text(piece.text());
            case VALUE -> alias + "." + quote(piece.text()) + "::text";
            case JSON_STRING -> "to_json(" + alias + "." + quote(piece.text()) + ")::text";
        };
    }

    /** A list as the outbox keeps it. */
    private static String list(Collection<String> entries) {
        if (entries.size() < 2) {
            return text(String.join("", entries));
        }
        return "E'"
                + entries.stream()
                        .map(entry -> entry.replace("\\", "\\\\").replace("'", "''"))
                        .collect(Collectors.joining("\\x1f"))
                + "'";
    }

    static String text(String value) {
        String quoted = "'" + value.replace("'", "''") + "'";
        return value.indexOf('\\') < 0 ? quoted : "E" + quoted.replace("\\", "\\\\");
    }

    static String quote(String name) {
        return "\"" + name.replace("\"", "\"\"") + "\"";
    }
}
