package io.syncmachine.benchmarks;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerClient;
import com.github.kagkarlsson.scheduler.task.SchedulableInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/**
 * db-scheduler: a one-time task per change, scheduled in the transaction in one batch, its data in its id. The scheduler locks while it
 * fetches, fetches ahead as its documentation advises for high throughput, and is woken after each commit.
 */
final class DbSchedulerPeer implements Peer {

    private static final String TASK = "publish-order";

    private final DataSource pool;
    private final boolean works;
    private final BoundDataSource transactions = new BoundDataSource();
    private final OneTimeTask<Void> task;
    private final SchedulerClient client;
    private final Scheduler scheduler;

    DbSchedulerPeer(Setting setting, DataSource pool, OrderPublisher publisher) {
        this.pool = pool;
        this.works = setting.works();
        Sql.execute(
                pool,
                "create table scheduled_tasks (task_name text not null, task_instance text not null, task_data bytea,"
                        + " execution_time timestamptz, picked boolean not null, picked_by text, last_success timestamptz,"
                        + " last_failure timestamptz, consecutive_failures int, last_heartbeat timestamptz,"
                        + " version bigint not null, priority smallint, state text, primary key (task_name, task_instance))",
                "create index execution_time_idx on scheduled_tasks (execution_time)",
                "create index last_heartbeat_idx on scheduled_tasks (last_heartbeat)");
        task = Tasks.oneTime(TASK).execute((instance, context) -> publisher.publish(Changed.orderOf(instance.getId())));
        scheduler = Scheduler.create(pool, task)
                .threads(setting.inFlight())
                .pollUsingLockAndFetch(1.0, 4.0)
                .pollingInterval(Duration.ofMillis(100))
                .enableImmediateExecution()
                .build();
        client = transactionalClient();
        if (works) {
            scheduler.start();
        }
    }

    /** It asks a connection which database this is. */
    private SchedulerClient transactionalClient() {
        try (Connection connection = pool.getConnection()) {
            List<SchedulerClient> made = new ArrayList<>();
            transactions.with(
                    connection,
                    () -> made.add(
                            SchedulerClient.Builder.create(transactions, task).build()));
            return made.get(0);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void changing(Connection transaction, List<Changed> orders) {
        Instant now = Instant.now();
        List<SchedulableInstance<?>> instances = orders.stream()
                .<SchedulableInstance<?>>map(order -> SchedulableInstance.of(task.instance(order.key()), now))
                .toList();
        transactions.with(transaction, () -> client.scheduleBatch(instances));
    }

    @Override
    public void changed(List<Changed> orders) {
        if (works) {
            scheduler.triggerCheckForDueExecutions();
        }
    }

    @Override
    public boolean isIdle() {
        return Sql.holds(pool, "select not exists (select 1 from scheduled_tasks)");
    }

    @Override
    public void close() {
        scheduler.stop();
    }
}
