package io.syncmachine.examples.support;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Compares two sets of JSON documents by what they say: neither the order of fields nor 1.0 against 1.00 counts. */
public final class Differences {

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    /** Zero for equal scalars; numbers are compared by value. */
    private static final Comparator<JsonNode> BY_VALUE = (left, right) -> {
        if (left.isNumber() && right.isNumber()) {
            return left.decimalValue().compareTo(right.decimalValue());
        }
        return left.equals(right) ? 0 : 1;
    };

    private Differences() {}

    /** The subjects whose documents differ, and those that only one side has. */
    public static Set<String> between(Map<String, String> left, Map<String, String> right) {
        Set<String> subjects = new TreeSet<>(left.keySet());
        subjects.addAll(right.keySet());
        subjects.removeIf(subject -> same(left.get(subject), right.get(subject)));
        return subjects;
    }

    private static boolean same(@Nullable String left, @Nullable String right) {
        if (left == null || right == null) {
            return left == null && right == null;
        }
        return left.equals(right) || read(left).equals(BY_VALUE, read(right));
    }

    private static JsonNode read(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not JSON: " + json, e);
        }
    }
}
