package io.syncmachine.examples.ordersync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.examples.support.Database;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {

    @Test
    void needNothing() {
        assertThat(Settings.of(Map.of("ORDER_COUNT", " "))).isEqualTo(new Settings(1_000, false, null, null, null));
    }

    @Test
    void areReadFromTheEnvironment() {
        Settings settings = Settings.of(Map.of(
                "ORDER_COUNT", "12",
                "CLEAN_ORDERS", "true",
                "SERVICE_URL", "http://service:8080",
                "DATABASE_URL", "jdbc:postgresql://database/orders",
                "DATABASE_USER", "me",
                "DATABASE_PASSWORD", "secret",
                "REDIS_URL", "redis://redis:6379"));

        assertThat(settings)
                .isEqualTo(new Settings(
                        12,
                        true,
                        URI.create("http://service:8080"),
                        new Database.Access("jdbc:postgresql://database/orders", "me", "secret"),
                        URI.create("redis://redis:6379")));
    }

    @Test
    void giveWayToTheCommandLine() {
        Settings settings = Settings.of(Map.of("ORDER_COUNT", "12", "SERVICE_URL", "http://service:8080"));

        assertThat(settings.or(7L, URI.create("http://other"), null))
                .isEqualTo(new Settings(7, false, URI.create("http://other"), null, null));
        assertThat(settings.or(null, null, null)).isEqualTo(settings);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ORDER_COUNT  | 0                        | ORDER_COUNT must be a number from 1 to 999999999, but is '0'",
                "ORDER_COUNT  | many                     | ORDER_COUNT must be a number from 1 to 999999999, but is 'many'",
                "CLEAN_ORDERS | yes                      | CLEAN_ORDERS must be true or false, but is 'yes'",
                "SERVICE_URL  | service                  | SERVICE_URL must be a URL that begins with http",
                "SERVICE_URL  | http://a b               | SERVICE_URL must be a URL that begins with http",
                "REDIS_URL    | http://redis             | REDIS_URL must be a URL that begins with redis",
                "DATABASE_URL | jdbc:mysql://localhost/x | DATABASE_URL must begin with jdbc:postgresql:",
            })
    void refuseWhatTheyDoNotUnderstand(String variable, String value, String message) {
        assertThatThrownBy(() -> Settings.of(Map.of(variable, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }
}
