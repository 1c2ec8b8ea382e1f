package io.syncmachine.exhaustive;

import io.syncmachine.ChangedProperties;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.SubjectKey;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;

/** What an in-memory store keeps: to be read, copied and broken. */
final class Inside {

    static final Class<?> PAYLOADS = type("InMemoryPayloads");
    static final Class<?> KEPT = type("InMemoryPayloads$Kept");
    static final Class<?> JOBS = type("InMemoryJobs");
    static final Class<?> JOB = type("InMemoryJobs$Job");
    static final Class<?> OUTBOX = type("InMemoryOutbox");

    private static final Field RECORDS = field(PAYLOADS, "records");
    private static final Field SEQUENCE = field(PAYLOADS, "sequence");
    private static final Field EPOCH = field(KEPT, "epoch");
    private static final Field IN_DOUBT = field(KEPT, "inDoubt");
    private static final Field INTENDED = field(KEPT, "intended");
    private static final Field WAIT_END = field(KEPT, "waitEnd");
    private static final Field ALL_JOBS = field(JOBS, "jobs");
    private static final Field NUMBERS = field(JOBS, "numbers");
    private static final Field JOBS_PARKED = field(JOBS, "parked");
    private static final Field KEY = field(JOB, "key");
    private static final Field TOKEN = field(JOB, "token");
    private static final Field REQUESTED = field(JOB, "requested");
    private static final Field CLAIMED = field(JOB, "claimed");
    private static final Field READY_AT = field(JOB, "readyAt");
    private static final Field PARKED = field(JOB, "parked");
    private static final Class<?> WAITING = type("InMemoryOutbox$Waiting");
    private static final Field CHANGE = field(WAITING, "change");
    private static final Field CHANGES = field(OUTBOX, "changes");
    private static final Method LINE_UP = method(JOBS, "lineUp", JOB, long.class);
    private static final Constructor<?> NEW_KEPT = constructor(KEPT);
    private static final Constructor<?> NEW_JOB = constructor(JOB, long.class, JobRequest.class);

    static {
        knowsAll(PAYLOADS, "time", "sequence", "records");
        knowsAll(
                JOBS,
                "time",
                "sequence",
                "wake",
                "capabilities",
                "jobs",
                "lines",
                "finding",
                "numbers",
                "requests",
                "parked",
                "turn");
        knowsAll(OUTBOX, "time", "wake", "relaying", "changes");
        knowsAll(WAITING, "change", "since");
    }

    /** Of the jobs that are not made by {@link #newJob}. */
    private static final long FIRST_NUMBER = 100;

    private final Object jobsObject;
    final Map<SubjectKey, Object> records;
    final Map<JobKey, Object> jobs;
    private final Map<JobKey, Object> parkedJobs;
    private final Collection<?> changes;
    final AtomicLong sequence;

    @SuppressWarnings("unchecked")
    Inside(InMemoryStore store) {
        this.jobsObject = store.jobs();
        this.records = (Map<SubjectKey, Object>) get(RECORDS, store.payloads());
        this.sequence = (AtomicLong) get(SEQUENCE, store.payloads());
        this.jobs = (Map<JobKey, Object>) get(ALL_JOBS, store.jobs());
        this.parkedJobs = (Map<JobKey, Object>) get(JOBS_PARKED, store.jobs());
        this.changes = (Collection<?>) get(CHANGES, store.outbox());
        set(NUMBERS, jobsObject, FIRST_NUMBER);
    }

    /** Those in the outbox, the oldest first. */
    List<Change> changes() {
        return changes.stream().map(change -> (Change) get(CHANGE, change)).toList();
    }

    // ---- records

    long epoch(SubjectKey key) {
        Object kept = records.get(key);
        return kept == null ? 0 : number(EPOCH, kept);
    }

    void inDoubt(SubjectKey key, boolean inDoubt) {
        set(IN_DOUBT, records.get(key), inDoubt);
    }

    boolean isInDoubt(SubjectKey key) {
        return (boolean) get(IN_DOUBT, records.get(key));
    }

    void intended(SubjectKey key, boolean intended) {
        if (records.containsKey(key)) {
            set(INTENDED, records.get(key), intended);
        }
    }

    /** In units of time. */
    long waitIn(SubjectKey key, int now) {
        Object kept = records.get(key);
        return kept == null ? 0 : number(WAIT_END, kept) / Program.UNIT.toNanos() - now;
    }

    Object newRecord(SubjectKey key) {
        Object kept = make(NEW_KEPT);
        records.put(key, kept);
        return kept;
    }

    // ---- jobs

    long token(JobKey key) {
        Object job = jobs.get(key);
        return job == null ? 0 : number(TOKEN, job);
    }

    boolean isClaimed(JobKey key) {
        return token(key) != 0;
    }

    boolean isParked(JobKey key) {
        Object job = jobs.get(key);
        return job != null && (boolean) get(PARKED, job);
    }

    void forgetRequests(JobKey key) {
        Object job = jobs.get(key);
        if (job != null) {
            set(CLAIMED, job, number(REQUESTED, job));
        }
    }

    /** In units of time. */
    long readyIn(JobKey key, int now) {
        Object job = jobs.get(key);
        return job == null || isParked(key) ? 0 : number(READY_AT, job) / Program.UNIT.toNanos() - now;
    }

    boolean isDue(JobKey key, int now) {
        return jobs.containsKey(key) && !isParked(key) && readyIn(key, now) <= 0;
    }

    void lapse(JobKey key, long now) {
        lineUp(jobs.get(key), now);
    }

    /** Lets no other job be due for a while; answers what ends that. */
    Runnable hideAllBut(JobKey shown, int subjects) {
        if (subjects == 1) {
            return () -> {};
        }
        List<Runnable> back = new ArrayList<>();
        jobs.forEach((key, job) -> {
            if (!key.equals(shown) && !isParked(key)) {
                long at = number(READY_AT, job);
                lineUp(job, Long.MAX_VALUE);
                back.add(() -> lineUp(job, at));
            }
        });
        return () -> back.forEach(Runnable::run);
    }

    Object newJob(JobKey key, long number) {
        Object job = make(NEW_JOB, number, new JobRequest(key, ChangedProperties.all()));
        jobs.put(key, job);
        return job;
    }

    /** Puts a job that was made and filled in where it belongs. */
    void place(Object job) {
        if ((boolean) get(PARKED, job)) {
            parkedJobs.put((JobKey) get(KEY, job), job);
        } else {
            lineUp(job, number(READY_AT, job));
        }
    }

    private void lineUp(Object job, long at) {
        try {
            LINE_UP.invoke(jobsObject, job, at);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    // ---- reflection

    static Class<?> type(String name) {
        try {
            return Class.forName("io.syncmachine.memory." + name);
        } catch (ClassNotFoundException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    static Field field(Class<?> type, String name) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static Method method(Class<?> type, String name, Class<?>... parameters) {
        try {
            Method method = type.getDeclaredMethod(name, parameters);
            method.setAccessible(true);
            return method;
        } catch (NoSuchMethodException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static Constructor<?> constructor(Class<?> type, Class<?>... parameters) {
        try {
            Constructor<?> constructor = type.getDeclaredConstructor(parameters);
            constructor.setAccessible(true);
            return constructor;
        } catch (NoSuchMethodException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static Object make(Constructor<?> constructor, Object... arguments) {
        try {
            return constructor.newInstance(arguments);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    static List<Field> fields(Class<?> type) {
        return Arrays.stream(type.getDeclaredFields())
                .filter(field -> !Modifier.isStatic(field.getModifiers()))
                .toList();
    }

    /** So that a new field of a class is not overlooked. */
    private static void knowsAll(Class<?> type, String... names) {
        Set<String> found = new TreeSet<>();
        fields(type).forEach(field -> found.add(field.getName()));
        if (!found.equals(new TreeSet<>(List.of(names)))) {
            throw new AssertionError(type + " has the fields " + found + "; teach this check what they mean: it copies "
                    + List.of(names));
        }
    }

    static Object get(Field field, Object object) {
        try {
            return field.get(object);
        } catch (IllegalAccessException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    static long number(Field field, Object object) {
        try {
            return field.getLong(object);
        } catch (IllegalAccessException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    static void set(Field field, Object object, Object value) {
        try {
            field.set(object, value);
        } catch (IllegalAccessException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
