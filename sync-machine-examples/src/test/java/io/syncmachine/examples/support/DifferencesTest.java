package io.syncmachine.examples.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class DifferencesTest {

    @Test
    void comparesWhatDocumentsSay() {
        Map<String, String> left = Map.of("1", "{\"a\":1.50,\"b\":[\"x\",null]}");
        assertThat(Differences.between(left, Map.of("1", "{\"b\":[\"x\", null], \"a\":1.5}")))
                .isEmpty();
        assertThat(Differences.between(left, Map.of("1", "{\"a\":1.51,\"b\":[\"x\",null]}")))
                .containsExactly("1");
        assertThat(Differences.between(left, Map.of("1", "{\"a\":\"1.5\",\"b\":[\"x\",null]}")))
                .containsExactly("1");
    }

    @Test
    void missesAndPhantomsDiffer() {
        assertThat(Differences.between(Map.of("1", "{}", "2", "{}"), Map.of("2", "{}", "3", "{}")))
                .containsExactly("1", "3");
    }
}
