package io.syncmachine.simulation;

import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.SubjectKey;
import java.util.Collection;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;

/** What was asked of a port and answered, in few words; only what is the same in every run of a seed. */
final class Brief {

    private Brief() {}

    /** Empty if it is of no interest. */
    static String of(Object[] arguments, Object answer) {
        String asked = arguments.length == 0 ? "" : text(arguments[0]);
        String answered = text(answer);
        return answered.isEmpty() && (asked.isEmpty() || asked.equals("1000"))
                ? ""
                : " " + asked + (answered.isEmpty() ? "" : " -> " + answered);
    }

    private static String text(Object value) {
        if (value instanceof Claim claim) {
            return claim.key().key() + "#" + claim.token() + (claim.attempt() > 1 ? "/" + claim.attempt() : "");
        }
        if (value instanceof JobRequest request) {
            return request.key().key();
        }
        if (value instanceof Release release) {
            return text(release.claim()) + " for " + release.delay() + " (" + release.reason() + ")";
        }
        if (value instanceof Park park) {
            return text(park.claim()) + " (" + park.failure() + ")";
        }
        if (value instanceof SubjectKey key) {
            return key.id();
        }
        if (value instanceof Opening opening) {
            return "@" + opening.epoch() + " wait " + opening.waitOut() + " " + record(opening.known());
        }
        if (value instanceof Intent intent) {
            return intent.key().id() + "@" + intent.epoch() + " "
                    + intent.intent().kind() + " for " + intent.deadline();
        }
        if (value instanceof Acknowledgement done) {
            return done.key().id() + "@" + done.epoch() + " " + done.state();
        }
        if (value instanceof Closing closing) {
            return closing.key().id() + "@" + closing.epoch() + (closing.inDoubt() ? " doubt" : "")
                    + (closing.forgetIntent() ? " forget" : "") + " wait " + closing.waitOut();
        }
        if (value instanceof Map<?, ?> map) {
            return map.isEmpty() || !(map.keySet().iterator().next() instanceof Long)
                    ? ""
                    : new TreeMap<>(map).toString();
        }
        if (value instanceof Collection<?> all) {
            return all(all);
        }
        return value instanceof Long || value instanceof String || (value instanceof Integer number && number > 0)
                ? value.toString()
                : "";
    }

    private static String record(PayloadRecord known) {
        return known.state()
                + (known.inDoubt() ? " in doubt" : "")
                + (known.intent() == null ? "" : " intent " + known.intent().kind());
    }

    private static String all(Collection<?> values) {
        if (values.isEmpty()) {
            return "";
        }
        if (values.iterator().next() instanceof Long) {
            return new TreeSet<>(values).toString();
        }
        StringJoiner all = new StringJoiner(", ", "[", "]");
        values.forEach(value -> all.add(text(value)));
        return all.length() == 2 ? "" : all.toString();
    }
}
