package io.syncmachine.postgres;

import static io.syncmachine.postgres.PostgresFunction.quote;
import static io.syncmachine.postgres.PostgresFunction.text;

import io.syncmachine.postgres.Declarations.Plans;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The script that brings the triggers of a PostgreSQL database into step with the declarations, and what it is made of. */
final class PostgresScript {

    private static final String BODY = "$syncmachine$";
    private static final String TABLE = "%TABLE%";
    private static final int LONGEST_NAME = 63;
    private static final int HASH = 16;

    private final List<TablePlan> plans;
    private final Map<String, Set<String>> untold;
    private final Names names;
    private final boolean perRow;
    private final boolean always;

    /**
     * What things are called.
     *
     * @param prefix of the store's tables, with or without a schema
     * @param schema where all is whose schema is not told
     */
    record Names(String prefix, String schema) {

        private String ownSchema() {
            int dot = prefix.indexOf('.');
            return dot < 0 ? schema : prefix.substring(0, dot);
        }

        String bare() {
            return prefix.substring(prefix.indexOf('.') + 1);
        }

        String outbox() {
            return own(bare() + "outbox");
        }

        String own(String name) {
            return quote(ownSchema()) + "." + quote(name);
        }

        String schemaOf(@Nullable String told) {
            return told == null ? schema : told;
        }

        String table(TablePlan plan) {
            return quote(schemaOf(plan.schema())) + "." + quote(plan.table());
        }

        String function(TablePlan plan) {
            String table = plan.schema() == null || plan.schema().equals(schema)
                    ? plan.table()
                    : plan.schema() + "_" + plan.table();
            String name = bare() + "on_" + table;
            return name.getBytes(StandardCharsets.UTF_8).length <= LONGEST_NAME && name.matches("[a-z0-9_]+")
                    ? name
                    : bare() + "on_" + hash(table);
        }
    }

    /**
     * A trigger on a table.
     *
     * @param name its own
     * @param statement that makes it, with a mark for the table
     * @param onEachPartition whether each partition needs it, too
     * @param comment which tells by which declarations it was made
     */
    record Trigger(String name, String statement, boolean onEachPartition, String comment) {}

    PostgresScript(Plans declared, Names names, boolean perRow, boolean always) {
        this.plans = declared.tables();
        this.untold = declared.untold();
        this.names = names;
        this.perRow = perRow;
        this.always = always;
    }

    Names names() {
        return names;
    }

    /** How the catalogue tells that a trigger is enabled as it shall be. */
    char enabled() {
        return always ? 'A' : 'O';
    }

    /** What the comments of all triggers of this prefix begin with. */
    String mark() {
        return "SyncMachine " + names.prefix() + ": ";
    }

    String functionBody(TablePlan plan) {
        return new PostgresFunction(plan, names.outbox(), perRow).body();
    }

    String probe(TablePlan plan) {
        return new PostgresFunction(plan, names.outbox(), perRow).probe(names.table(plan));
    }

    private String searchPath() {
        String own = quote(names.ownSchema());
        String usual = quote(names.schema());
        return (own.equals(usual) ? usual : usual + ", " + own) + ", pg_temp";
    }

    /** One at a time where several nodes begin together. */
    String lock() {
        return "select pg_advisory_xact_lock(hashtext(" + text(mark()) + "))";
    }

    List<Trigger> triggers(TablePlan plan) {
        List<Trigger> triggers = new ArrayList<>();
        if (perRow) {
            String condition = new PostgresFunction(plan, names.outbox(), true).condition();
            triggers.add(trigger(plan, "insert", "after insert on %TABLE% for each row", false));
            triggers.add(
                    trigger(plan, "update", "after update on %TABLE% for each row when (" + condition + ")", false));
            triggers.add(trigger(plan, "delete", "after delete on %TABLE% for each row", false));
        } else {
            triggers.add(trigger(
                    plan,
                    "insert",
                    "after insert on %TABLE% referencing new table as new_rows for each statement",
                    true));
            triggers.add(trigger(
                    plan,
                    "update",
                    "after update on %TABLE% referencing old table as old_rows new table as new_rows for each statement",
                    true));
            triggers.add(trigger(
                    plan,
                    "delete",
                    "after delete on %TABLE% referencing old table as old_rows for each statement",
                    true));
        }
        triggers.add(trigger(plan, "truncate", "before truncate on %TABLE% for each statement", true));
        return triggers;
    }

    private Trigger trigger(TablePlan plan, String event, String when, boolean onEachPartition) {
        String name = names.bare() + event;
        String statement = "create trigger " + quote(name) + " " + when + " execute function "
                + names.own(names.function(plan)) + "()";
        String all = functionBody(plan) + statement + enabled() + searchPath();
        return new Trigger(name, statement, onEachPartition, mark() + hash(all));
    }

    static String hash(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of()
                    .formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)))
                    .substring(0, HASH);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    String sql() {
        StringBuilder script = new StringBuilder();
        script.append("""
                -- SyncMachine's triggers on PostgreSQL, made from the declarations of its machines and handlers. Make it anew when
                -- these change, and do not edit it. It may be run any number of times.
                """);
        untold.forEach((type, properties) -> script.append("-- Of ")
                .append(type)
                .append(", no column holds ")
                .append(properties)
                .append(".\n"));
        script.append("\n")
                .append(block("\n  if to_regclass(" + text(names.outbox()) + ") is null then\n    raise exception "
                        + text("there is no table " + names.outbox() + ": make SyncMachine's tables first")
                        + ";\n  end if;\n"));
        for (TablePlan plan : plans) {
            script.append("\n-- ")
                    .append(names.table(plan).replace('\n', ' '))
                    .append("\n")
                    .append(block("\n  perform " + probe(plan).substring("select ".length()) + ";\n"))
                    .append(function(plan));
        }
        script.append(
                        "\n-- The triggers, on every partition as well: those that are there but are not as they should be go first.\n")
                .append("do ")
                .append(BODY)
                .append("\ndeclare\n  t record;\nbegin\n")
                .append(loop(ownNotWanted(), "execute format('drop trigger %I on %s', t.name, t.tab);"))
                .append(loop(
                        wantedNotThere(),
                        "execute replace(t.statement, " + text(TABLE) + ", t.tab::text);\n    "
                                + "execute format('comment on trigger %I on %s is %L', t.name, t.tab, t.comment);"
                                + (always
                                        ? "\n    execute format('alter table %s enable always trigger %I', t.tab, t.name);"
                                        : "")))
                .append(loop(unusedFunctions(), "execute format('drop function %s', t.name);"))
                .append("end ")
                .append(BODY)
                .append(";\n");
        return script.toString();
    }

    private String function(TablePlan plan) {
        String name = names.own(names.function(plan)) + "()";
        return "create or replace function " + name
                + " returns trigger language plpgsql security definer set search_path = " + searchPath() + " as " + BODY
                + functionBody(plan) + BODY + ";\nrevoke all on function " + name + " from public;\n";
    }

    private static String block(String statements) {
        return "do " + BODY + " begin" + statements + "end " + BODY + ";\n";
    }

    private static String loop(String query, String statement) {
        return "  for t in " + query + "\n  loop\n    " + statement + "\n  end loop;\n";
    }

    /** Table, name, statement and comment of each trigger that shall be. */
    private String wanted() {
        List<String> rows = new ArrayList<>();
        for (TablePlan plan : plans) {
            for (Trigger trigger : triggers(plan)) {
                rows.add("(" + text(names.table(plan)) + ", " + text(trigger.name()) + ", "
                        + text(trigger.statement()) + ", " + trigger.onEachPartition() + ", " + text(trigger.comment())
                        + ")");
            }
        }
        return "select r.rel, w.name, w.statement, w.comment from (values\n      " + String.join(",\n      ", rows)
                + ") as w (tab, name, statement, each_partition, comment)\n"
                + "    cross join lateral (select w.tab::regclass::oid as rel\n"
                + "      union select p.relid from pg_partition_tree(w.tab::regclass) p join pg_class c on c.oid = p.relid\n"
                + "        where w.each_partition and c.relkind in ('r', 'p')) r";
    }

    private String isAsWanted() {
        return "g.tgrelid = w.rel and g.tgname = w.name and g.tgenabled = '" + enabled()
                + "' and obj_description(g.oid, 'pg_trigger') = w.comment";
    }

    private String ownNotWanted() {
        return "select g.tgname as name, g.tgrelid::regclass as tab from pg_trigger g\n"
                + "    where not g.tgisinternal and starts_with(obj_description(g.oid, 'pg_trigger'), " + text(mark())
                + ")\n    and not exists (select from (" + wanted() + ") w where " + isAsWanted() + ")";
    }

    private String wantedNotThere() {
        return "select w.rel::regclass as tab, w.name, w.statement, w.comment from (" + wanted() + ") w\n"
                + "    where not exists (select from pg_trigger g where " + isAsWanted() + ")";
    }

    private String unusedFunctions() {
        return "select p.oid::regprocedure as name from pg_proc p\n    where p.pronamespace = "
                + text(quote(names.ownSchema())) + "::regnamespace and starts_with(p.proname, "
                + text(names.bare() + "on_") + ")\n    and p.prorettype = 'trigger'::regtype"
                + " and not exists (select from pg_trigger g where g.tgfoid = p.oid)";
    }
}
