package io.syncmachine.jdbc;

import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.Stage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Where the claims of one node go on among the tenants, so that each comes to its turn however many there are. */
final class Turns {

    /** So many tenants' lanes are looked at in one round; the next one goes on where it ended. */
    static final int MOST_TENANTS = 200;

    /** Before all tenants. */
    private static final String FIRST = "";

    private final Map<Queue, String> turns = new ConcurrentHashMap<>();

    private record Queue(String machine, Stage stage) {}

    /** What was claimed in one round, of which tenants at most, in their order. */
    record Round(List<Claim> claims, List<String> tenants) {}

    /** Claims up to so many jobs of the tenants after one. */
    interface Claimer {
        Round claim(ClaimRequest request, String after, int limit);
    }

    /** Claims round by round, until there is enough or all tenants were asked. */
    List<Claim> claim(ClaimRequest request, Claimer claimer) {
        Queue queue = new Queue(request.machine(), request.stage());
        String turn = turns.getOrDefault(queue, FIRST);
        List<Claim> claims = new ArrayList<>();
        boolean fromTheStart;
        do {
            fromTheStart = turn.equals(FIRST);
            int limit = request.limit() - claims.size();
            Round round = claimer.claim(request, turn, limit);
            claims.addAll(round.claims());
            turn = next(round, limit);
        } while (claims.size() < request.limit() && !(turn.equals(FIRST) && fromTheStart));
        turns.put(queue, turn);
        return claims;
    }

    private static String next(Round round, int limit) {
        List<String> tenants = round.tenants();
        if (round.claims().size() == limit && tenants.size() > limit) {
            return tenants.get(round.claims().stream()
                    .mapToInt(claim -> tenants.indexOf(claim.key().tenant()))
                    .max()
                    .orElseThrow());
        }
        return tenants.size() == MOST_TENANTS ? tenants.get(tenants.size() - 1) : FIRST;
    }
}
