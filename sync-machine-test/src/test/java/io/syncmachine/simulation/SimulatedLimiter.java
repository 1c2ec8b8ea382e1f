package io.syncmachine.simulation;

import io.syncmachine.Limits;
import io.syncmachine.memory.InMemoryLimiter;
import io.syncmachine.spi.CallLimiter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Grants calls, now and then forgets what it has granted, and is watched: as long as it remembers, there are never too many in a window. */
final class SimulatedLimiter implements CallLimiter {

    private final World world;
    private final List<Long> granted = new ArrayList<>();
    private CallLimiter limiter;

    SimulatedLimiter(World world) {
        this.world = world;
        this.limiter = InMemoryLimiter.create(world.storeClock());
    }

    @Override
    public Grant acquire(String destination, Limits limits, int calls, Duration longest) {
        if (world.faults.strikes(Fault.LIMITS_FORGOTTEN)) {
            world.log(() -> "the limiter forgets what it has granted");
            limiter = InMemoryLimiter.create(world.storeClock());
            granted.clear();
        }
        Grant grant = limiter.acquire(destination, limits, calls, longest);
        for (int i = 0; i < grant.calls(); i++) {
            granted.add(grant.at());
        }
        for (Limits.Window window : limits.windows()) {
            long begin = grant.at() - window.length().toNanos() / 1_000;
            long inWindow = granted.stream().filter(at -> at > begin).count();
            if (inWindow > window.calls()) {
                world.violation(inWindow + " calls were granted in " + window.length());
            }
        }
        return grant;
    }

    @Override
    public void release(String destination, Limits limits, Collection<Returned> returned) {
        for (Returned each : returned) {
            for (int i = 0; i < each.calls() && !each.made(); i++) {
                granted.remove(Long.valueOf(each.at()));
            }
        }
        limiter.release(destination, limits, returned);
    }

    @Override
    public void pause(String destination, Duration duration) {
        limiter.pause(destination, duration);
    }

    @Override
    public Map<String, Duration> pauses() {
        return limiter.pauses();
    }
}
