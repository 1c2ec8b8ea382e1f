package io.syncmachine.examples.ordersync;

import io.syncmachine.examples.support.Database;
import java.net.URI;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the environment says, as it does in a container.
 *
 * @param orderCount how many orders are created
 * @param cleanOrders whether the orders of earlier runs are deleted first, at the service as well
 * @param service where the service is; null to play it
 * @param database a database to use; null for an embedded one
 * @param redis where jobs and limits are kept; null to keep them in the database
 */
public record Settings(
        long orderCount,
        boolean cleanOrders,
        @Nullable URI service,
        Database.@Nullable Access database,
        @Nullable URI redis) {

    static final String ORDER_COUNT = "ORDER_COUNT";
    static final String CLEAN_ORDERS = "CLEAN_ORDERS";
    static final String SERVICE_URL = "SERVICE_URL";
    static final String DATABASE_URL = "DATABASE_URL";
    static final String DATABASE_USER = "DATABASE_USER";
    static final String DATABASE_PASSWORD = "DATABASE_PASSWORD";
    static final String REDIS_URL = "REDIS_URL";

    static final Set<String> VARIABLES =
            Set.of(ORDER_COUNT, CLEAN_ORDERS, SERVICE_URL, DATABASE_URL, DATABASE_USER, DATABASE_PASSWORD, REDIS_URL);

    private static final String DEFAULT_COUNT = "1000";

    /**
     * Reads them; a variable that is empty counts as missing.
     *
     * @throws IllegalArgumentException if one cannot be understood
     */
    public static Settings of(Map<String, String> environment) {
        String url = value(environment, DATABASE_URL);
        if (url != null && !url.startsWith("jdbc:postgresql:")) {
            throw new IllegalArgumentException(
                    DATABASE_URL + " must begin with jdbc:postgresql:, but is '" + url + "'");
        }
        return new Settings(
                count(environment),
                flag(environment),
                address(environment, SERVICE_URL, Set.of("http", "https")),
                url == null
                        ? null
                        : new Database.Access(
                                url, value(environment, DATABASE_USER), value(environment, DATABASE_PASSWORD)),
                address(environment, REDIS_URL, Set.of("redis", "rediss")));
    }

    /** With what the command line says instead. */
    public Settings or(@Nullable Long orders, @Nullable URI givenService, Database.@Nullable Access givenDatabase) {
        return new Settings(
                orders == null ? orderCount : orders,
                cleanOrders,
                givenService == null ? service : givenService,
                givenDatabase == null ? database : givenDatabase,
                redis);
    }

    private static @Nullable String value(Map<String, String> environment, String variable) {
        String value = environment.getOrDefault(variable, "").strip();
        return value.isEmpty() ? null : value;
    }

    private static long count(Map<String, String> environment) {
        String value = value(environment, ORDER_COUNT);
        String count = value == null ? DEFAULT_COUNT : value;
        if (!count.matches("[1-9][0-9]{0,8}")) {
            throw new IllegalArgumentException(
                    ORDER_COUNT + " must be a number from 1 to 999999999, but is '" + count + "'");
        }
        return Long.parseLong(count);
    }

    private static boolean flag(Map<String, String> environment) {
        String value = value(environment, CLEAN_ORDERS);
        if (value != null && !Set.of("true", "false").contains(value)) {
            throw new IllegalArgumentException(CLEAN_ORDERS + " must be true or false, but is '" + value + "'");
        }
        return Boolean.parseBoolean(value);
    }

    private static @Nullable URI address(Map<String, String> environment, String variable, Set<String> schemes) {
        String value = value(environment, variable);
        if (value == null) {
            return null;
        }
        URI uri = value.matches("[^\\s<>\"{}|^`\\\\]+") ? URI.create(value) : URI.create("");
        if (uri.getHost() == null || !schemes.contains(uri.getScheme())) {
            throw new IllegalArgumentException(
                    variable + " must be a URL that begins with " + String.join(" or ", schemes));
        }
        return uri;
    }
}
