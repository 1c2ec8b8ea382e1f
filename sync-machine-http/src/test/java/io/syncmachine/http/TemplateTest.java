package io.syncmachine.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.RejectedException;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {

    private static String filled(String template, Object id) {
        return Template.of("the path", template)
                .fill(
                        TestPublication.create(id, "{\"a\":{\"b\":1.50},\"c\":true,\"d\":null,\"e\":[1]}"),
                        String::valueOf,
                        "r");
    }

    @ParameterizedTest
    @CsvSource({
        "7, 7",
        "a b, a%20b",
        "a/b, a%2Fb",
        "a?b#c, a%3Fb%23c",
        "100%, 100%25",
        "ü€😀, %C3%BC%E2%82%AC%F0%9F%98%80",
        "-._~, -._~",
        "a+b&c=d, a%2Bb%26c%3Dd",
        "..a, ..a",
        "../x, ..%2Fx"
    })
    void encodesValues(String id, String encoded) {
        assertThat(filled("/orders/{id}", id)).isEqualTo("/orders/" + encoded);
    }

    @Test
    void knowsValues() {
        UUID id = UUID.randomUUID();
        assertThat(filled("/{tenant}/{id}-{remoteId}?b={/a/b}&c={/c}", id))
                .isEqualTo("/acme/" + id + "-r?b=1.50&c=true");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/{/d}", "/{/e}", "/{/nothing}", "/{/a}"})
    void refusesWhatHasNoValue(String template) {
        assertThatThrownBy(() -> filled(template, 1)).isInstanceOf(RejectedException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "orders",
                "",
                "//evil.example/x",
                "https://evil.example",
                "/a/{id",
                "/a b",
                "/a#b",
                "/%zz",
                "/{name}",
                "/{}",
                "/{ID}"
            })
    void refusesWhatIsNoPath(String template) {
        assertThatThrownBy(() -> Template.of("the path of put", template))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the path of put ")
                .hasMessageContaining(template);
    }

    @Test
    void namesWhatIsKnownWhereANameIsNot() {
        assertThatThrownBy(() -> Template.of("the path of put", "/orders/{orderId}"))
                .hasMessage(
                        "the path of put has the unknown name {orderId}: '/orders/{orderId}'; known are {id}, {remoteId},"
                                + " {tenant}, and JSON pointers into the document as {/name}");
    }
}
