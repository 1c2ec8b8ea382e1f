package io.syncmachine.simulation;

import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.Coverage;
import io.syncmachine.spi.JobKey;
import java.lang.reflect.Field;
import java.util.Collection;
import java.util.Map;

/** Jobs that are forgotten, all at once; but for dead letters, which nobody promises to bring back. Names its memory after each time anew. */
final class ForgetfulJobs implements Ports.Around {

    private final World world;
    private final JobExecutor jobs;
    private int forgotten;

    private ForgetfulJobs(World world, JobExecutor jobs) {
        this.world = world;
        this.jobs = jobs;
    }

    static JobExecutor around(World world, JobExecutor jobs) {
        return Ports.around(JobExecutor.class, jobs, new ForgetfulJobs(world, jobs));
    }

    @Override
    public Object call(String method, Object[] arguments, Ports.Original original) throws Throwable {
        if (world.faults.strikes(Fault.JOBS_FORGOTTEN)) {
            world.log(() -> "all jobs are forgotten");
            forget();
        }
        Object answer = original.call(arguments);
        return answer instanceof Coverage coverage
                ? new Coverage("" + forgotten, coverage.requested(), coverage.covered())
                : answer;
    }

    private void forget() throws ReflectiveOperationException {
        forgotten++;
        Map<?, ?> all = (Map<?, ?>) field("jobs").get(jobs);
        Map<?, ?> parked = (Map<?, ?>) field("parked").get(jobs);
        all.keySet().removeIf(key -> !parked.containsKey((JobKey) key));
        ((Map<?, ?>) field("lines").get(jobs)).clear();
        ((Collection<?>) field("finding").get(jobs)).clear();
        field("requests").setLong(jobs, 0);
    }

    private Field field(String name) throws ReflectiveOperationException {
        Field field = jobs.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }
}
