package io.syncmachine.benchmarks;

import static org.jobrunr.server.BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.jobrunr.configuration.JobRunr;
import org.jobrunr.jobs.lambdas.JobRequest;
import org.jobrunr.jobs.lambdas.JobRequestHandler;
import org.jobrunr.scheduling.JobBuilder;
import org.jobrunr.scheduling.JobRequestScheduler;
import org.jobrunr.server.JobActivator;
import org.jobrunr.storage.JobStats;
import org.jobrunr.storage.StorageProvider;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;

/**
 * JobRunr: a job per change, with an id made of the change. Its free edition does not join the application's transactions: the jobs are
 * enqueued after the commit, in one batch, and a crash in between loses them.
 */
final class JobRunrPeer implements Peer {

    /** It takes no shorter one. */
    private static final Duration SHORTEST_POLL = Duration.ofSeconds(5);

    private final StorageProvider storage;
    private final JobRequestScheduler scheduler;

    /** What is enqueued; public for JobRunr. */
    public static final class PublishOrder implements JobRequest {

        private long order;

        /** For JSON. */
        PublishOrder() {}

        PublishOrder(long order) {
            this.order = order;
        }

        long order() {
            return order;
        }

        @Override
        public Class<PublishOrderHandler> getJobRequestHandler() {
            return PublishOrderHandler.class;
        }
    }

    /** What runs it; public for JobRunr. */
    public static final class PublishOrderHandler implements JobRequestHandler<PublishOrder> {

        private final OrderPublisher publisher;

        PublishOrderHandler(OrderPublisher publisher) {
            this.publisher = publisher;
        }

        @Override
        public void run(PublishOrder request) {
            publisher.publish(request.order());
        }
    }

    JobRunrPeer(Setting setting, DataSource pool, OrderPublisher publisher) {
        PublishOrderHandler handler = new PublishOrderHandler(publisher);
        storage = new PostgresStorageProvider(pool);
        scheduler = JobRunr.configure()
                .useStorageProvider(storage)
                .useJobActivator(new JobActivator() {
                    @Override
                    public <T> T activateJob(Class<T> type) {
                        return type.cast(handler);
                    }
                })
                .useBackgroundJobServerIf(
                        setting.works(),
                        usingStandardBackgroundJobServerConfiguration()
                                .andWorkerCount(setting.inFlight())
                                .andPollInterval(SHORTEST_POLL))
                .initialize()
                .getJobRequestScheduler();
    }

    @Override
    public void changed(List<Changed> orders) {
        scheduler.create(orders.stream()
                .map(order -> JobBuilder.aJob()
                        .withId(UUID.nameUUIDFromBytes(order.key().getBytes(StandardCharsets.UTF_8)))
                        .withJobRequest(new PublishOrder(order.order()))));
    }

    @Override
    public boolean isIdle() {
        JobStats stats = storage.getJobStats();
        return stats.getScheduled() + stats.getEnqueued() + stats.getProcessing() == 0;
    }

    @Override
    public void close() {
        JobRunr.destroy();
    }
}
