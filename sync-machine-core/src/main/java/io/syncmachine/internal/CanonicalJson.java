package io.syncmachine.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.syncmachine.spi.DocumentFormat;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes documents in one form for equal values, so that they can be compared by fingerprint: object fields sorted by name,
 * numbers without trailing zeros or exponent quirks (1, 1.0 and 1.00 are one value), no white space. The order of arrays counts.
 */
final class CanonicalJson implements DocumentFormat {

    private static final int MOST_ZEROS = 40;

    private final ObjectMapper mapper = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .addModule(new Jdk8Module())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /**
     * The canonical form of a document.
     *
     * @throws IllegalArgumentException if Jackson cannot write it
     */
    String write(Object document) {
        StringBuilder text = new StringBuilder(256);
        append(text, mapper.valueToTree(document));
        return text.toString();
    }

    @Override
    public <T> T read(String json, Class<T> type) {
        try {
            return mapper.readValue(json, type);
        } catch (JsonProcessingException e) {
            // Jackson's message may quote the document: only its place is told.
            throw new IllegalArgumentException("the stored document does not fit " + type.getName() + " (at "
                    + (e.getLocation() == null
                            ? "an unknown place"
                            : "column " + e.getLocation().getColumnNr())
                    + ")");
        }
    }

    /** A canonical form as a tree. */
    JsonNode tree(String json) {
        return read(json, JsonNode.class);
    }

    /** The SHA-256 digest of a canonical form. */
    static String fingerprint(String canonical) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(sha256(canonical));
    }

    static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private void append(StringBuilder text, JsonNode node) {
        JsonNodeType type = node.getNodeType();
        if (type == JsonNodeType.OBJECT) {
            appendObject(text, node);
        } else if (type == JsonNodeType.ARRAY) {
            appendArray(text, node);
        } else if (type == JsonNodeType.NUMBER && (!node.isFloatingPointNumber() || isFinite(node))) {
            appendNumber(text, node);
        } else {
            appendScalar(text, node);
        }
    }

    private void appendObject(StringBuilder text, JsonNode object) {
        Map<String, JsonNode> sorted = new TreeMap<>();
        object.properties().forEach(field -> sorted.put(field.getKey(), field.getValue()));
        char separator = '{';
        for (Map.Entry<String, JsonNode> field : sorted.entrySet()) {
            text.append(separator);
            appendScalar(text, mapper.getNodeFactory().textNode(field.getKey()));
            text.append(':');
            append(text, field.getValue());
            separator = ',';
        }
        text.append(separator == '{' ? "{}" : "}");
    }

    private void appendArray(StringBuilder text, JsonNode array) {
        text.append('[');
        for (Iterator<JsonNode> elements = array.elements(); elements.hasNext(); ) {
            append(text, elements.next());
            if (elements.hasNext()) {
                text.append(',');
            }
        }
        text.append(']');
    }

    private static boolean isFinite(JsonNode number) {
        return number.isBigDecimal() || Double.isFinite(number.doubleValue());
    }

    private static void appendNumber(StringBuilder text, JsonNode number) {
        if (number.isInt() || number.isLong()) {
            text.append(number.asText());
            return;
        }
        BigDecimal exact = number.isFloat() ? new BigDecimal(number.asText()) : number.decimalValue();
        BigDecimal value = exact.stripTrailingZeros();
        boolean plain = Math.abs(value.scale()) <= MOST_ZEROS;
        text.append(plain ? value.toPlainString() : value.toString());
    }

    private void appendScalar(StringBuilder text, JsonNode scalar) {
        try {
            text.append(mapper.writeValueAsString(scalar));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the document cannot be written as JSON", e);
        }
    }
}
