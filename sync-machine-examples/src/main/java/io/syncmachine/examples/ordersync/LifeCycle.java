package io.syncmachine.examples.ordersync;

import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Is told what became of each order at the service; an application would write to customers, or to those who look after it. */
final class LifeCycle {

    private static final Logger LOG = LoggerFactory.getLogger(LifeCycle.class);

    private final LongAdder published = new LongAdder();
    private final LongAdder deleted = new LongAdder();

    void published(Long order) {
        LOG.debug("the service knows order {} as it is", order);
        published.increment();
    }

    void deleted(Long order) {
        LOG.debug("the service has forgotten order {}", order);
        deleted.increment();
    }

    void givenUp(Long order, String reason) {
        LOG.warn("the service does not take order {}: {}", order, reason);
    }

    @Override
    public String toString() {
        return published + " times published, " + deleted + " times deleted";
    }
}
