package io.syncmachine.postgres;

import io.syncmachine.postgres.TablePlan.Lead;
import io.syncmachine.postgres.TablePlan.Rows;
import io.syncmachine.postgres.TablePlan.Wish;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.TableMapping;
import io.syncmachine.spi.TableMapping.Column;
import io.syncmachine.spi.TableMapping.IdText;
import io.syncmachine.spi.TableMapping.Piece;
import io.syncmachine.spi.TableMapping.Reference;
import io.syncmachine.spi.TableMapping.Role;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The statements of a table's triggers on MariaDB and MySQL, which have triggers for each row only. Values are compared by their bytes, whatever the
 * collation.
 */
final class MySqlFunction {

    private static final String OLD = "old";
    private static final String NEW = "new";
    private static final String EVERYTHING = "*";
    private static final String CREATION = "+";
    private static final String SEPARATOR = "char(31 using utf8mb4)";

    private final TablePlan plan;
    private final String outbox;

    MySqlFunction(TablePlan plan, String outbox) {
        this.plan = plan;
        this.outbox = outbox;
    }

    String inserted() {
        return body(rows -> isPart(rows) ? told(rows, NEW) : created(rows));
    }

    String deleted() {
        return body(rows -> isPart(rows) ? told(rows, OLD) : gone(rows));
    }

    String updated() {
        return body(rows -> isPart(rows) ? partUpdated(rows) : entityUpdated(rows));
    }

    private interface Statements {
        String of(Rows rows);
    }

    private String body(Statements statements) {
        return plan.rows().stream().map(statements::of).collect(Collectors.joining());
    }

    private static boolean isPart(Rows rows) {
        return rows.mapping().role() == Role.PART;
    }

    private String created(Rows rows) {
        return insert(
                rows,
                NEW,
                text(rows.mapping().type()),
                id(rows.mapping().id(), NEW),
                "'CREATE'",
                list(List.of(EVERYTHING, CREATION)),
                list(rows.all()),
                filter(rows, NEW));
    }

    private String gone(Rows rows) {
        StringBuilder statements = new StringBuilder();
        if (!rows.deletions().isEmpty()) {
            statements.append(insert(
                    rows,
                    OLD,
                    text(rows.mapping().type()),
                    id(rows.mapping().id(), OLD),
                    "'DELETE'",
                    oldReferences(rows),
                    list(rows.deletions()),
                    filter(rows, OLD)));
        }
        for (Lead lead : rows.leads()) {
            Set<String> machines = machines(rows, lead, false);
            statements.append(lead(rows, lead, "DELETE", machines, filter(rows, OLD)));
        }
        return statements.toString();
    }

    private String lead(Rows rows, Lead lead, String kind, Set<String> machines, String where) {
        String id = id(rows.reference(lead), OLD);
        boolean subject = lead.type().startsWith(Change.SUBJECT_OF);
        return insert(
                rows,
                OLD,
                text(lead.type()),
                id,
                subject ? text(kind) : "'TOLD'",
                text(EVERYTHING),
                list(machines),
                and(id + " is not null", where));
    }

    private String entityUpdated(Rows rows) {
        String keyDiffers = differ(rows.mapping().id().columns().stream()
                .map(column -> new Column(column, false))
                .toList());
        StringBuilder statements = new StringBuilder("if " + keyDiffers + " then\n" + gone(rows) + created(rows));
        if (!rows.told().isEmpty()) {
            statements
                    .append("elseif ")
                    .append(differ(rows.compared()))
                    .append(" then\n")
                    .append(insert(
                            rows,
                            NEW,
                            text(rows.mapping().type()),
                            id(rows.mapping().id(), NEW),
                            "'UPDATE'",
                            changedNames(rows),
                            concerned(rows),
                            filter(rows, NEW)));
            for (Lead lead : rows.leads()) {
                Set<String> machines = machines(rows, lead, true);
                List<Column> columns = rows.told().get(lead.property());
                if (!machines.isEmpty() && columns != null) {
                    statements.append(lead(rows, lead, "UPDATE", machines, and(differ(columns), filter(rows, NEW))));
                }
            }
        }
        return statements.append("end if;\n").toString();
    }

    private String told(Rows rows, String alias) {
        Set<String> machines = rows.wishes().stream()
                .filter(wish -> rows.told().keySet().stream().anyMatch(wish::wants))
                .map(Wish::machine)
                .collect(Collectors.toCollection(TreeSet::new));
        String id = id(rows.mapping().id(), alias);
        return insert(
                rows,
                alias,
                text(rows.mapping().type()),
                id,
                "'UPDATE'",
                list(rows.told().keySet()),
                list(machines),
                and(id + " is not null", filter(rows, alias)));
    }

    private String partUpdated(Rows rows) {
        List<Column> key = rows.mapping().id().columns().stream()
                .map(column -> new Column(column, false))
                .toList();
        List<Column> all = new ArrayList<>(key);
        all.addAll(rows.compared());
        return "if " + differ(all) + " then\n" + told(rows, OLD) + "end if;\nif " + differ(key) + " then\n"
                + told(rows, NEW) + "end if;\n";
    }

    private String insert(
            Rows rows,
            String alias,
            String type,
            String id,
            String kind,
            String changed,
            String machines,
            String where) {
        String values = String.join(", ", tenant(rows, alias), type, id, kind, changed, machines);
        return "insert into " + outbox + " (tenant, type, entity_id, kind, changed, machines) select " + values
                + " from dual" + (where.isEmpty() ? "" : " where " + where) + ";\n";
    }

    private static Set<String> machines(Rows rows, Lead lead, boolean listening) {
        return rows.wishes().stream()
                .filter(wish -> wish.leads().contains(lead) && (!listening || wish.wants(lead.property())))
                .map(Wish::machine)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String oldReferences(Rows rows) {
        List<String> entries = new ArrayList<>(List.of(text(EVERYTHING)));
        new TreeMap<>(rows.mapping().references())
                .forEach((property, reference) -> entries.add(pointedTo(property, reference)));
        return joined(entries);
    }

    private static String pointedTo(String property, Reference reference) {
        return "concat(" + text(property + "=") + ", " + id(reference.id(), OLD) + ")";
    }

    private static String changedNames(Rows rows) {
        List<String> entries = new ArrayList<>();
        for (Map.Entry<String, List<Column>> told : rows.told().entrySet()) {
            String differs = differ(told.getValue());
            entries.add("if(" + differs + ", " + text(told.getKey()) + ", null)");
            Reference reference = rows.mapping().references().get(told.getKey());
            if (reference != null) {
                entries.add("if(" + differs + ", " + pointedTo(told.getKey(), reference) + ", null)");
            }
        }
        return joined(entries);
    }

    private static String concerned(Rows rows) {
        Map<Set<Column>, Set<String>> byColumns = new LinkedHashMap<>();
        for (Wish wish : rows.wishes()) {
            Set<Column> columns = rows.columnsOf(wish);
            if (!columns.isEmpty()) {
                byColumns.computeIfAbsent(columns, key -> new TreeSet<>()).add(wish.machine());
            }
        }
        List<String> entries = new ArrayList<>();
        byColumns.forEach((columns, machines) -> entries.add(
                columns.equals(rows.compared())
                        ? list(machines)
                        : "if(" + differ(columns) + ", " + list(machines) + ", null)"));
        return joined(entries);
    }

    private static String differ(Collection<Column> columns) {
        return columns.stream()
                .map(column -> {
                    String name = "." + quote(column.name());
                    return "not (cast(new" + name + " as binary) <=> cast(old" + name + " as binary))";
                })
                .collect(Collectors.joining(" or ", "(", ")"));
    }

    private static String filter(Rows rows, String alias) {
        TableMapping.Discriminator discriminator = rows.mapping().discriminator();
        return discriminator == null
                ? ""
                : "cast(" + alias + "." + quote(discriminator.column()) + " as char) = " + text(discriminator.value());
    }

    private static String tenant(Rows rows, String alias) {
        String column = rows.mapping().tenantColumn();
        return column == null ? text(Change.DEFAULT_TENANT) : "cast(" + alias + "." + quote(column) + " as char)";
    }

    private static String id(IdText id, String alias) {
        List<String> pieces =
                id.pieces().stream().map(piece -> piece(piece, alias)).toList();
        return pieces.size() == 1 ? pieces.get(0) : "concat(" + String.join(", ", pieces) + ")";
    }

    private static String piece(Piece piece, String alias) {
        String value = "cast(" + alias + "." + quote(piece.text()) + " as char)";
        return switch (piece.form()) {
            case LITERAL -> text(piece.text());
            case VALUE -> value;
            case JSON_STRING -> "json_quote(" + value + ")";
        };
    }

    private static String and(String a, String b) {
        return a.isEmpty() || b.isEmpty() ? a + b : a + " and " + b;
    }

    private static String list(Collection<String> entries) {
        return joined(entries.stream().map(MySqlFunction::text).toList());
    }

    /** Entries that are null are left out. */
    private static String joined(List<String> expressions) {
        return expressions.size() == 1 && expressions.get(0).startsWith("'")
                ? expressions.get(0)
                : "concat_ws(" + SEPARATOR + ", " + String.join(", ", expressions) + ")";
    }

    static String text(String value) {
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'";
    }

    static String quote(String name) {
        return "`" + name.replace("`", "``") + "`";
    }
}
