package io.syncmachine.jdbc;

import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.Stage;
import java.util.ArrayList;
import java.util.Comparator;
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

    /**
     * What was claimed in one round.
     *
     * @param visited how many tenants were looked at
     * @param more whether there may be further ones after them
     * @param last the last of them; the empty one if there was none
     */
    record Round(List<Claim> claims, long visited, boolean more, String last) {}

    /** Claims up to so many jobs of the tenants after one. */
    interface Claimer {
        Round claim(ClaimRequest request, String after, int limit);
    }

    /** Claims round by round, until there is enough or all tenants were asked: those before where it began come last. */
    List<Claim> claim(ClaimRequest request, Claimer claimer) {
        Queue queue = new Queue(request.machine(), request.stage());
        String turn = turns.getOrDefault(queue, FIRST);
        boolean wrapped = turn.equals(FIRST);
        List<Claim> claims = new ArrayList<>();
        while (true) {
            int limit = request.limit() - claims.size();
            Round round = claimer.claim(request, turn, limit);
            claims.addAll(round.claims());
            turn = next(round, limit);
            if (claims.size() >= request.limit() || (turn.equals(FIRST) && wrapped)) {
                turns.put(queue, turn);
                return claims;
            }
            wrapped |= turn.equals(FIRST);
        }
    }

    private static String next(Round round, int limit) {
        if (round.claims().size() == limit && round.visited() > limit) {
            return round.claims().stream()
                    .map(claim -> claim.key().tenant())
                    .max(Comparator.naturalOrder())
                    .orElse(FIRST);
        }
        return round.more() ? round.last() : FIRST;
    }
}
