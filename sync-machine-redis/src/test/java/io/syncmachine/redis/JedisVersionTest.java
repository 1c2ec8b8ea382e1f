package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.UnifiedJedis;

/** The tests run on the Jedis that they are meant to run on. */
class JedisVersionTest {

    @Test
    void isTheExpectedOne() throws IOException {
        Properties properties = new Properties();
        try (InputStream file = Objects.requireNonNull(
                UnifiedJedis.class.getResourceAsStream("/META-INF/maven/redis.clients/jedis/pom.properties"))) {
            properties.load(file);
        }
        assertThat(properties.getProperty("version")).startsWith(System.getProperty("expected.jedis", "7.5"));
    }
}
