package io.syncmachine.simulation;

import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/** Jobs that are handed out twice, late and in any order, as by a queue that promises no more than that each is handed out. */
final class RedeliveringJobs implements Ports.Around {

    private final World world;
    private final List<Claim> again = new ArrayList<>();
    private final List<Late> late = new ArrayList<>();

    private record Late(Claim claim, long at) {}

    RedeliveringJobs(World world) {
        this.world = world;
    }

    static JobExecutor around(World world, JobExecutor jobs) {
        return Ports.around(JobExecutor.class, jobs, new RedeliveringJobs(world));
    }

    @Override
    @SuppressWarnings("unchecked")
    public Object call(String method, Object[] arguments, Ports.Original original) throws Throwable {
        return switch (method) {
            case "capabilities" -> Set.of();
            case "claim" -> claim((ClaimRequest) arguments[0], (List<Claim>) original.call(arguments));
            default -> original.call(arguments);
        };
    }

    private List<Claim> claim(ClaimRequest request, List<Claim> fresh) {
        List<Claim> claims = new ArrayList<>();
        for (Claim claim : fresh) {
            if (world.faults.strikes(Fault.DELIVERED_LATE)) {
                long delay = (long) (1.5 * world.plan.lease.toNanos() * world.random.nextDouble());
                late.add(new Late(claim, world.now() + delay));
            } else {
                claims.add(claim);
            }
        }
        late.removeIf(one -> one.at() <= world.now() && take(request, one.claim(), claims));
        again.removeIf(claim -> take(request, claim, claims));
        for (Claim claim : claims) {
            if (world.faults.strikes(Fault.DELIVERED_TWICE)) {
                again.add(claim);
            }
        }
        if (claims.size() > 1 && world.faults.strikes(Fault.DELIVERED_OUT_OF_ORDER)) {
            Collections.shuffle(claims, world.random);
        }
        return claims;
    }

    private static boolean take(ClaimRequest request, Claim claim, List<Claim> claims) {
        return claim.key().machine().equals(request.machine())
                && claim.key().stage() == request.stage()
                && claims.size() < request.limit()
                && claims.add(claim);
    }
}
