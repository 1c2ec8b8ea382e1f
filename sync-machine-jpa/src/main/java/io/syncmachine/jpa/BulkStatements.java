package io.syncmachine.jpa;

import java.lang.StackWalker.StackFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hibernate.HibernateException;
import org.hibernate.boot.Metadata;
import org.hibernate.boot.internal.SessionFactoryOptionsBuilder;
import org.hibernate.boot.spi.BootstrapContext;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.integrator.spi.Integrator;
import org.hibernate.resource.jdbc.spi.StatementInspector;
import org.hibernate.service.spi.SessionFactoryServiceRegistry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the statements of a session factory for those that change tables of listened entities and pass by the entities: bulk JPQL and
 * Criteria, and native SQL. Hibernate tells a statement inspector every statement, and not why it is sent; who called for it is seen on the
 * stack, which is looked at only where a listened table is written to. The inspector that was there before is asked as well.
 */
final class BulkStatements implements StatementInspector {

    private static final long serialVersionUID = 1L;
    private static final Logger log = LoggerFactory.getLogger(BulkStatements.class);

    private static final Pattern WRITES = Pattern.compile(
            "^(?:\\s|\\(|/\\*.*?\\*/)*(?:update|delete|insert|merge|truncate|replace|with)\\b",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final Pattern TARGET = Pattern.compile(
            "\\b(?:update(?:\\s+only)?|delete\\s+(?:[^\\s,]+\\s+)?from(?:\\s+only)?|insert\\s+(?:ignore\\s+)?into|merge\\s+into"
                    + "|truncate(?:\\s+table)?(?:\\s+only)?|replace\\s+into)\\s+([^\\s(;]+)",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern LITERAL = Pattern.compile("'(?:[^']|'')*'");
    private static final Pattern QUOTES = Pattern.compile("[\"`\\[\\]]");
    private static final int LONGEST_TOLD = 300;
    private static final int MOST_TOLD = 1_000;

    /** Who has entities written; nearer on the stack than anything else, where they are. */
    private static final List<String> OF_ENTITIES = List.of(
            "org.hibernate.engine.jdbc.mutation.",
            "org.hibernate.persister.",
            "org.hibernate.action.",
            "org.hibernate.id.");
    /** Who runs statements of the application's. */
    private static final List<String> OF_STATEMENTS = List.of("org.hibernate.query.", "org.hibernate.sql.exec.");

    private final transient @Nullable StatementInspector before;
    private final transient List<Watch> watches = new CopyOnWriteArrayList<>();

    /**
     * What an engine listens to.
     *
     * @param entitiesByTable the names of listened entities, by the plain names of their tables in lower case
     * @param strict whether statements are refused, and not only told of
     * @param told the statements that were told of
     */
    record Watch(Map<String, Set<String>> entitiesByTable, boolean strict, Set<String> told) {

        Watch(Map<String, Set<String>> entitiesByTable, boolean strict) {
            this(Map.copyOf(entitiesByTable), strict, ConcurrentHashMap.newKeySet());
        }
    }

    private BulkStatements(@Nullable StatementInspector before) {
        this.before = before;
    }

    /** Puts one into each session factory, while that is being made. Public for Hibernate to find it. */
    public static final class Contributor implements Integrator {

        /** For Hibernate. */
        public Contributor() {}

        @Override
        public void integrate(Metadata metadata, BootstrapContext bootstrap, SessionFactoryImplementor factory) {
            if (factory.getSessionFactoryOptions() instanceof SessionFactoryOptionsBuilder options) {
                options.applyStatementInspector(new BulkStatements(options.getStatementInspector()));
            }
        }

        /** Leaves it there: the factory is gone. */
        @Override
        public void disintegrate(SessionFactoryImplementor factory, SessionFactoryServiceRegistry services) {}
    }

    /** The factory's; empty if it has none. */
    static Optional<BulkStatements> of(SessionFactoryImplementor factory) {
        return factory.getSessionFactoryOptions().getStatementInspector() instanceof BulkStatements own
                ? Optional.of(own)
                : Optional.empty();
    }

    void add(Watch watch) {
        watches.add(watch);
    }

    void remove(Watch watch) {
        watches.remove(watch);
    }

    @Override
    public @Nullable String inspect(String sql) {
        if (!watches.isEmpty() && WRITES.matcher(sql).lookingAt()) {
            List<String> tables = targets(sql);
            for (Watch watch : watches) {
                look(watch, tables, sql);
            }
        }
        return before == null ? sql : before.inspect(sql);
    }

    /** The plain name of a table, without schema and quotes. */
    static String plain(String table) {
        String name = table.substring(table.lastIndexOf('.') + 1);
        return QUOTES.matcher(name).replaceAll("").toLowerCase(Locale.ROOT);
    }

    private static List<String> targets(String sql) {
        List<String> tables = new ArrayList<>();
        Matcher target = TARGET.matcher(sql);
        while (target.find()) {
            tables.add(plain(target.group(1)));
        }
        return tables;
    }

    private static void look(Watch watch, List<String> tables, String sql) {
        Set<String> entities = new TreeSet<>();
        tables.forEach(table -> entities.addAll(watch.entitiesByTable().getOrDefault(table, Set.of())));
        if (entities.isEmpty() || isOfEntities()) {
            return;
        }
        if (watch.strict()) {
            throw new HibernateException(
                    "refused: " + message(entities, sql) + ", or allow it by leaving out strict()");
        }
        if (watch.told().size() < MOST_TOLD && watch.told().add(sql)) {
            log.warn("{}", message(entities, sql));
        }
    }

    private static String message(Set<String> entities, String sql) {
        String text = LITERAL.matcher(sql).replaceAll("'…'");
        return "a statement changes " + entities
                + ", whose changes are listened to, but passes by Hibernate's entities, so that they are"
                + " not seen: '" + (text.length() > LONGEST_TOLD ? text.substring(0, LONGEST_TOLD) + "…" : text)
                + "'. Let triggers see them, or tell them by engine.in(entityManager).changed("
                + entities.iterator().next()
                + ".class, ids) in its transaction; and then say JpaEntities.coveredElsewhere(…)";
    }

    private static boolean isOfEntities() {
        return StackWalker.getInstance()
                .walk(frames -> frames.map(StackFrame::getClassName)
                        .filter(name -> begins(name, OF_ENTITIES) || begins(name, OF_STATEMENTS))
                        .findFirst()
                        .map(name -> begins(name, OF_ENTITIES))
                        .orElse(true));
    }

    private static boolean begins(String name, List<String> packages) {
        for (String prefix : packages) {
            if (name.startsWith(prefix)) {
                return true;
            }
        }
        return false;
    }
}
