package io.syncmachine.examples.thirdparty;

import io.syncmachine.SyncEngine;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches the third party's records once a minute. Every node has one and asks more often; one of them fetches, and a failure is not
 * repeated before the next minute.
 */
final class Fetching implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Fetching.class);
    private static final int LOOKS_A_MINUTE = 10;

    private final SyncEngine engine;
    private final ThirdParty thirdParty;
    private final Items items;
    private final Duration minute;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final ScheduledFuture<?> looks;

    Fetching(SyncEngine engine, ThirdParty thirdParty, Items items, Duration minute) {
        this.engine = engine;
        this.thirdParty = thirdParty;
        this.items = items;
        this.minute = minute;
        long look = minute.dividedBy(LOOKS_A_MINUTE).toNanos();
        looks = timer.scheduleWithFixedDelay(this::look, 0, look, TimeUnit.NANOSECONDS);
    }

    private void look() {
        try {
            engine.runUnique("fetch-items", "", Duration.ofMinutes(1), this::fetchIfDue);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            LOG.info("nothing was fetched; again in a minute: {}", e.getMessage());
        }
    }

    private void fetchIfDue() throws IOException, InterruptedException {
        if (items.fetchIsDue(minute.plus(ItemSync.GUARD))) {
            items.apply(thirdParty.fetch());
        }
    }

    @Override
    public void close() throws InterruptedException {
        looks.cancel(false);
        timer.shutdown();
        if (!timer.awaitTermination(10, TimeUnit.SECONDS)) {
            timer.shutdownNow();
        }
    }
}
