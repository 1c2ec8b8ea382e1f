package io.syncmachine.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MergePatchTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":1} | {\"a\":1} | {}",
                "{\"a\":1} | {\"a\":2} | {\"a\":2}",
                "{\"a\":1} | {\"a\":1,\"b\":2} | {\"b\":2}",
                "{\"a\":1,\"b\":2} | {\"b\":2} | {\"a\":null}",
                "{\"a\":[1,2]} | {\"a\":[1]} | {\"a\":[1]}",
                "{\"a\":{\"b\":1,\"c\":2}} | {\"a\":{\"b\":1,\"c\":3}} | {\"a\":{\"c\":3}}",
                "{\"a\":{\"b\":1,\"c\":2}} | {\"a\":{\"b\":1}} | {\"a\":{\"c\":null}}",
                "{\"a\":{\"b\":1}} | {\"a\":7} | {\"a\":7}",
                "{\"a\":7} | {\"a\":{\"b\":1}} | {\"a\":{\"b\":1}}",
                "{\"a\":7} | {\"a\":null} | {\"a\":null}",
                "[1] | [2] | [2]",
                "{\"a\":1} | [2] | [2]"
            })
    void tellsWhatChanged(String before, String after, String patch) {
        assertThat(MergePatch.between(Json.document(before), Json.document(after)))
                .isEqualTo(Json.document(patch));
    }

    @Test
    void tellsAllOfItAndWhatIsGone() {
        assertThat(MergePatch.whole(
                        Json.document("{\"a\":1,\"b\":{\"c\":2,\"d\":3},\"e\":4}"),
                        Json.document("{\"a\":1,\"b\":{\"c\":2}}")))
                .isEqualTo(Json.document("{\"a\":1,\"b\":{\"c\":2,\"d\":null},\"e\":null}"));
    }

    @Test
    void keepsNumbersAsTheyAre() {
        assertThat(MergePatch.between(Json.document("{}"), Json.document("{\"a\":12345678901234567890.10}")))
                .hasToString("{\"a\":12345678901234567890.10}");
    }

    /** By the rules of RFC 7396, as whoever receives a patch applies it. */
    private static JsonNode applied(JsonNode target, JsonNode patch) {
        if (!patch.isObject()) {
            return patch;
        }
        ObjectNode result = target.isObject() ? target.deepCopy() : JsonNodeFactory.instance.objectNode();
        patch.properties().forEach(member -> {
            if (member.getValue().isNull()) {
                result.remove(member.getKey());
            } else {
                JsonNode old = result.get(member.getKey());
                result.set(
                        member.getKey(),
                        applied(old == null ? JsonNodeFactory.instance.nullNode() : old, member.getValue()));
            }
        });
        return result;
    }

    @Test
    void makesTheOneOfTheOther() {
        for (int seed = 0; seed < 2_000; seed++) {
            Random random = new Random(seed);
            JsonNode before = some(random, 3);
            JsonNode after = some(random, 3);
            assertThat(applied(before, MergePatch.between(before, after)))
                    .as("seed %s", seed)
                    .isEqualTo(after);
            assertThat(applied(before, MergePatch.whole(before, after)))
                    .as("seed %s", seed)
                    .isEqualTo(after);
        }
    }

    private static JsonNode some(Random random, int depth) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        for (String name : new String[] {"a", "b", "c", "d"}) {
            int choice = random.nextInt(5);
            if (choice == 0 && depth > 0) {
                object.set(name, some(random, depth - 1));
            } else if (choice == 1) {
                object.putArray(name).add(random.nextInt(2));
            } else if (choice < 4) {
                object.put(name, random.nextInt(3));
            }
        }
        return object;
    }
}
