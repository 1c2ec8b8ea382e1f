package io.syncmachine.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Differences as JSON Merge Patch (RFC 7396): what changed, with null for what is gone. Arrays are sent whole; null and absent are the
 * same to whoever applies it.
 */
final class MergePatch {

    private MergePatch() {}

    /** What makes the second of the first. */
    static JsonNode between(JsonNode before, JsonNode after) {
        if (!before.isObject() || !after.isObject()) {
            return after;
        }
        ObjectNode patch = JsonNodeFactory.instance.objectNode();
        after.properties().forEach(member -> {
            JsonNode old = before.get(member.getKey());
            if (old == null) {
                patch.set(member.getKey(), member.getValue());
            } else if (!old.equals(member.getValue())) {
                patch.set(member.getKey(), between(old, member.getValue()));
            }
        });
        gone(before, after, patch);
        return patch;
    }

    /** All of the second, with null for what it has no more: right whatever was applied of what came in between. */
    static JsonNode whole(JsonNode before, JsonNode after) {
        if (!before.isObject() || !after.isObject()) {
            return after;
        }
        ObjectNode patch = JsonNodeFactory.instance.objectNode();
        after.properties().forEach(member -> {
            JsonNode old = before.get(member.getKey());
            patch.set(member.getKey(), old == null ? member.getValue() : whole(old, member.getValue()));
        });
        gone(before, after, patch);
        return patch;
    }

    private static void gone(JsonNode before, JsonNode after, ObjectNode patch) {
        before.fieldNames().forEachRemaining(name -> {
            if (!after.has(name)) {
                patch.putNull(name);
            }
        });
    }
}
