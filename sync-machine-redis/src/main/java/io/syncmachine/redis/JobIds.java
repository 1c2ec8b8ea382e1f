package io.syncmachine.redis;

import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Stage;
import java.util.List;

/** How jobs' keys are written. In the order of the bytes, ids are in the order of the keys that they stand for. */
final class JobIds {

    private static final String ZERO = "\0";
    private static final String ONE = "\1";
    private static final int PARTS = 4;

    private JobIds() {}

    /** Tenant, machine, stage and key, as scripts are given them. */
    static List<String> parts(JobKey key) {
        return List.of(escaped(key.tenant()), key.machine(), number(key.stage()), key.key());
    }

    static String id(JobKey key) {
        return String.join(ZERO, parts(key));
    }

    static JobKey key(String id) {
        String[] parts = id.split(ZERO, PARTS);
        return new JobKey(plain(parts[0]), parts[1], Stage.of(Integer.parseInt(parts[2])), parts[3]);
    }

    static String number(Stage stage) {
        return Integer.toString(stage.number());
    }

    /** Without zero bytes, which end a tenant in an id. */
    static String escaped(String tenant) {
        return tenant.replace(ONE, ONE + "\2").replace(ZERO, ONE + ONE);
    }

    static String plain(String escaped) {
        return escaped.replace(ONE + ONE, ZERO).replace(ONE + "\2", ONE);
    }

    /** Comes before the ids of a tenant and after those of all that are before it. */
    static String first(String tenant) {
        return escaped(tenant) + ZERO;
    }

    /** Comes after the ids of a tenant and before those of all that are after it. */
    static String last(String tenant) {
        return escaped(tenant) + ONE;
    }
}
