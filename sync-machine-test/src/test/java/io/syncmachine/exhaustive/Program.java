package io.syncmachine.exhaustive;

import io.syncmachine.Backoff;
import io.syncmachine.JournalPolicy;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.exhaustive.Request.Ask;
import io.syncmachine.exhaustive.Request.Ending;
import io.syncmachine.exhaustive.Request.Port;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/**
 * One run of a real engine, from its claim to the last thing that it writes, as an automaton: what it asks for next follows from the
 * answers to what it asked before. Found out by running an engine from the start with those answers, once for each different list
 * of them.
 */
final class Program {

    static final String MACHINE = "orders";
    static final Duration UNIT = Duration.ofSeconds(1);
    /** Of a call, in units. */
    static final int DEADLINE = 1;

    private static final int IRRELEVANT = -1;
    private static final String NO_VALUE = "void";
    private static final Set<String> ASKED = Set.of(
            "claim",
            "complete",
            "release",
            "park",
            "renew",
            "enqueue",
            "open",
            "doubt",
            "intent",
            "record",
            "close",
            "tryAcquire");

    record Order(long id, int value) {}

    record Document(int value) {}

    /** Where a run stands. */
    static final class Node {
        int id;
        final Node parent;
        final Object answer;
        /** When the answer came, since the start of the run. */
        final int clock;
        /** Whether the run has only one subject. */
        final boolean alone;

        /** Whether the run has opened its records. */
        final boolean opened;
        /** Whether the run has called the API. */
        final boolean called;

        Request next;
        final Map<Object, Node> children = new HashMap<>();

        Node(int id, Node parent, Object answer, int clock) {
            this.id = id;
            this.parent = parent;
            this.answer = answer;
            this.clock = clock;
            this.alone = parent != null && (parent.isStart() ? ((List<?>) answer).size() == 1 : parent.alone);
            this.opened = parent != null && (parent.opened || (parent.next instanceof Ask ask && ask.is("open")));
            this.called = parent != null && (parent.called || parent.isCall());
        }

        boolean isCall() {
            return next instanceof Request.Publish;
        }

        boolean acknowledging() {
            return next instanceof Ask ask && ask.acknowledging();
        }

        boolean isEnd() {
            return next instanceof Request.End;
        }

        boolean isStart() {
            return parent == null;
        }
    }

    private static final Map<Object, Program> KNOWN = new HashMap<>();

    private record At(Object answer, int clock) {}

    private final int subjects;
    private final boolean pauses;
    /** In units. */
    final int grace;
    /** In units. */
    final int lease;
    /** A run that has taken so long is too late to call though it renewed its claim as late as it could; longer is no later. */
    final int late;

    /** So long after its end a claim can still be renewed, if nobody else has made one. */
    final int overdue;

    private final Map<Object, Node> alike = new HashMap<>();
    final List<Node> nodes = new ArrayList<>();
    private long runs;
    private Outbox.Router router;

    /** The same for all scopes in which a run behaves alike, because it takes a while to find out. */
    static synchronized Program of(Scope scope) {
        return KNOWN.computeIfAbsent(
                List.of(scope.subjects(), scope.pauses(), scope.grace()), alike -> new Program(scope));
    }

    private Program(Scope scope) {
        this.subjects = scope.subjects();
        this.pauses = scope.pauses();
        this.grace = scope.grace();
        this.lease = 2 * (DEADLINE + grace);
        this.overdue = subjects == 1 ? 2 : 0;
        this.late = lease + subjects * (lease - 1 + overdue) - DEADLINE - grace + 1;
        Node start = new Node(0, null, null, 0);
        nodes.add(start);
        start.next = new Replay(List.of(start)).run();
    }

    Node start() {
        return nodes.get(0);
    }

    /** How the engine makes jobs of changes. */
    Outbox.Router router() {
        return Objects.requireNonNull(router);
    }

    long runs() {
        return runs;
    }

    /** Where the run stands after an answer that came at this time since its start. */
    Node after(Node node, Object answer, int clock) {
        Object given = answer == null ? NO_VALUE : answer;
        Node child = node.children.get(new At(given, IRRELEVANT));
        if (child == null) {
            child = node.children.get(new At(given, clock));
        }
        return child == null ? add(node, given, clock) : child;
    }

    private Node add(Node node, Object answer, int clock) {
        Node child = new Node(nodes.size(), node, answer, clock);
        boolean readClock = ask(child);
        At at = new At(answer, readClock && !node.acknowledging() ? clock : IRRELEVANT);
        Node known = (child.isCall() && child.alone) || child.acknowledging() || child.isEnd()
                ? alike.putIfAbsent(meaning(child), child)
                : null;
        if (known == null) {
            child.id = nodes.size();
            nodes.add(child);
        } else {
            child = known;
        }
        node.children.put(at, child);
        return child;
    }

    /** Runs the engine up to its next question, and answers whether it looked at the clock after the latest answer. */
    private boolean ask(Node node) {
        List<Node> path = new ArrayList<>();
        for (Node each = node; each != null; each = each.parent) {
            path.add(0, each);
        }
        Replay replay = new Replay(path);
        node.next = replay.run();
        return replay.readClock;
    }

    /**
     * All that will be asked from here on, whatever the answers: histories with the same future are one. Told only of what comes from
     * the call on, where the possible answers are few.
     */
    private Object meaning(Node node) {
        if (node.isEnd()) {
            return "end";
        }
        List<Object> meaning = new ArrayList<>();
        meaning.add(node.next.toString());
        if (node.isCall()) {
            for (Ending ending : Ending.values()) {
                for (int since = ending == Ending.EXPIRED ? DEADLINE : 0; since <= DEADLINE; since++) {
                    Node next = new Node(-1, node, ending, node.clock + since);
                    ask(next);
                    meaning.add(meaning(next));
                }
            }
        } else {
            for (Object answer : answers((Ask) node.next)) {
                Node next = new Node(-1, node, answer, node.clock);
                ask(next);
                meaning.add(List.of(answer, meaning(next)));
            }
        }
        return meaning;
    }

    private static List<Object> answers(Ask ask) {
        if (ask.is("record") || ask.is("close")) {
            List<Object> epochs = new ArrayList<>();
            for (Object each : (Collection<?>) ask.arguments().get(0)) {
                epochs.add(
                        each instanceof PayloadStore.Closing closing
                                ? closing.epoch()
                                : ((PayloadStore.Acknowledgement) each).epoch());
            }
            List<Object> answers = new ArrayList<>();
            for (int some = 0; some < 1 << epochs.size(); some++) {
                Set<Object> kept = new LinkedHashSet<>();
                for (int e = 0; e < epochs.size(); e++) {
                    if (((some >> e) & 1) == 1) {
                        kept.add(epochs.get(e));
                    }
                }
                answers.add(kept);
            }
            return answers;
        }
        if (ask.is("complete") || ask.is("release") || ask.is("park")) {
            List<Object> answers = new ArrayList<>(List.of(Map.of()));
            for (Object each : (Collection<?>) ask.arguments().get(0)) {
                Claim claim = each instanceof Claim one
                        ? one
                        : each instanceof JobExecutor.Park park ? park.claim() : ((JobExecutor.Release) each).claim();
                List<Object> more = new ArrayList<>();
                for (Object answer : answers) {
                    for (JobExecutor.Ending ending : JobExecutor.Ending.values()) {
                        if (ending != JobExecutor.Ending.RUNS_AGAIN || !ask.is("release")) {
                            Map<Object, Object> longer = new LinkedHashMap<>((Map<?, ?>) answer);
                            longer.put(claim.token(), ending);
                            more.add(longer);
                        }
                    }
                }
                answers = more;
            }
            return answers;
        }
        return List.of(NO_VALUE);
    }

    private static final class Stop extends Error {
        Stop() {
            super(null, null, false, false);
        }
    }

    /** An engine that is given answers, and stopped at the first question that has none. */
    private final class Replay {

        private final List<Node> path;
        private final InMemoryStore own;
        private final InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);
        private final Map<String, EngineThreads.Step> steps = new HashMap<>();
        private final Queue<Runnable> publications = new ArrayDeque<>();
        private final EngineClock clock;
        private int answered;
        private int now;
        private boolean readClock;
        private boolean calling;
        private boolean acknowledging;
        private Request question;

        Replay(List<Node> path) {
            this.path = path;
            this.clock = new EngineClock() {
                @Override
                public Instant now() {
                    return Instant.EPOCH.plus(UNIT.multipliedBy(now));
                }

                @Override
                public long nanos() {
                    if (calling && pauses && question == null) {
                        ask(new Request.Look());
                    }
                    readClock = true;
                    return UNIT.toNanos() * (1000 + now);
                }
            };
            this.own = InMemoryStore.create(clock);
        }

        Request run() {
            runs++;
            try (AutoCloseable closing = Thread::interrupted) {
                start();
                if (router == null) {
                    step("relay").run();
                }
                try {
                    step("ensure-" + MACHINE).run();
                    calling = true;
                    for (Runnable task = publications.poll(); task != null; task = publications.poll()) {
                        task.run();
                    }
                    calling = false;
                    acknowledging = true;
                    while (question == null && step("acknowledge").run().isZero()) { // not yet idle
                    }
                } catch (Stop e) {
                    // the question is what counts
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
            if (question == null && answered != path.size() - 1) {
                throw new AssertionError("the engine did not ask again what it had asked");
            }
            return question == null ? new Request.End() : question;
        }

        private EngineThreads.Step step(String name) {
            return Objects.requireNonNull(steps.get(name), name);
        }

        private Object ask(Request request) {
            if (question != null) {
                throw new Stop();
            }
            if (answered == path.size() - 1) {
                question = request;
                throw new Stop();
            }
            Node answer = path.get(++answered);
            now = answer.clock;
            readClock = false;
            return answer.answer;
        }

        private void start() {
            SyncMachine<Order, Long> machine = SyncMachine.define(MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(order -> new Document(order.value()))
                    .publish(this::publish)
                    .onDeletePublication(this::publish)
                    .policy(Policy.defaults()
                            .deadline(UNIT.multipliedBy(DEADLINE))
                            .retry(Backoff.exponential(Duration.ofNanos(1), Duration.ofNanos(1)))
                            .inFlight(subjects))
                    .done();
            SyncEngine.builder()
                    .machines(machine)
                    .entities(source())
                    .store(store())
                    .journal(JournalPolicy.off())
                    .clock(clock)
                    .threads(threads())
                    .lease(UNIT.multipliedBy(lease))
                    .grace(UNIT.multipliedBy(grace))
                    .name("worker")
                    .start();
        }

        private void publish(Publication<Order, Long, ? extends Document> publication) throws Exception {
            calling = false;
            int value = publication.kind() == PublicationKind.DELETE
                    ? 0
                    : publication.document().value();
            Ending ending = (Ending) ask(new Request.Publish(publication.id().intValue(), value, (int) Math.max(
                    Duration.between(clock.now(), publication.deadline()).dividedBy(UNIT), 0)));
            calling = !pauses;
            switch (ending) {
                case ACCEPTED -> {}
                case LOST -> throw new IOException("connection reset");
                case REFUSED -> throw new NotAcceptedException("refused");
                case REJECTED -> throw new RejectedException("rejected");
                case EXPIRED -> {
                    calling = false;
                    step("deadlines").run();
                    throw new IOException("interrupted");
                }
            }
        }

        private EngineThreads threads() {
            return new EngineThreads() {
                @Override
                public Loop repeat(String name, Step step) {
                    steps.put(name, step);
                    return new Loop() {
                        @Override
                        public void wake() {}

                        @Override
                        public void stop(Duration patience) {}
                    };
                }

                @Override
                public Executor publications(String machine, int limit) {
                    return publications::add;
                }

                @Override
                public void await(BooleanSupplier done, Duration patience) {}

                @Override
                public void close() {}
            };
        }

        private Store store() {
            return proxy(Store.class, own, (method, arguments) -> switch (method.getName()) {
                case "jobs" -> asking(JobExecutor.class, Port.JOBS, own.jobs());
                case "payloads" -> asking(PayloadStore.class, Port.PAYLOADS, own.payloads());
                case "leases" -> asking(LeaseStore.class, Port.LEASES, own.leases());
                case "outbox" ->
                    proxy(Outbox.class, own.outbox(), (relay, given) -> {
                        router = relay.getName().equals("relay") ? (Outbox.Router) given[1] : router;
                        return null;
                    });
                default -> null;
            });
        }

        private <P> P asking(Class<P> type, Port port, P own) {
            return proxy(type, own, (method, arguments) -> {
                if (!ASKED.contains(method.getName()) && !(port == Port.LEASES)) {
                    return null;
                }
                return ask(new Ask(port, method, List.of(arguments), acknowledging));
            });
        }

        private EntitySource source() {
            return new EntitySource() {
                @Override
                public <E> EntityDescription<E, ?> describe(Class<E> type) {
                    return entities.describe(type);
                }

                @Override
                public void capture(ChangeListener listener, Store store) {}

                @Override
                public EntityReference refer(Object transaction, Object entity) {
                    return entities.refer(transaction, entity);
                }

                @Override
                public void append(Object transaction, Collection<Change> changes) {}

                @Override
                @SuppressWarnings("unchecked")
                public <E, ID, R> R read(
                        String tenant,
                        Class<E> type,
                        Collection<ID> ids,
                        CheckedFunction<? super Map<ID, E>, ? extends R> action)
                        throws Exception {
                    return action.apply((Map<ID, E>) ask(new Request.Read(List.copyOf(ids))));
                }

                @Override
                public <E, ID> void write(String tenant, Class<E> type, ID id, Writing<? super E> action) {}

                @Override
                public void close() {}
            };
        }
    }

    /** What a method answers; null to ask the object itself. */
    interface Answers {
        Object answer(Method method, Object[] arguments) throws Throwable;
    }

    /** An object some of whose methods are answered by something else. */
    static <P> P proxy(Class<P> type, P own, Answers answers) {
        InvocationHandler handler = (self, method, arguments) -> {
            Object answer = answers.answer(method, arguments == null ? new Object[0] : arguments);
            if (answer == NO_VALUE) {
                return null;
            }
            if (answer != null) {
                return answer;
            }
            try {
                return method.invoke(own, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    static SubjectKey subject(int index) {
        return new SubjectKey(Change.DEFAULT_TENANT, MACHINE, Integer.toString(index));
    }
}
