package io.syncmachine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CanonicalJsonTest {

    private final CanonicalJson json = new CanonicalJson();

    record Line(String article, BigDecimal price) {}

    record Document(long id, String name, List<Line> lines) {}

    @Test
    void sortsFieldsByName() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("b", 1);
        document.put("a", Map.of("z", true, "y", false));
        document.put("B", "x");

        assertThat(json.write(document)).isEqualTo("{\"B\":\"x\",\"a\":{\"y\":false,\"z\":true},\"b\":1}");
    }

    @Test
    void writesHugeNumbersAlikeWhateverTheirType() {
        assertThat(json.write(BigInteger.TEN.pow(60))).isEqualTo(json.write(new BigDecimal("1E+60")));
    }

    @Test
    void keepsTheOrderOfArrays() {
        assertThat(json.write(List.of(3, 1, 2))).isEqualTo("[3,1,2]");
    }

    @Test
    void writesNestedDocuments() {
        Document document = new Document(
                1, "Ada", List.of(new Line("pen", new BigDecimal("1.50")), new Line("ink", new BigDecimal("2"))));

        assertThat(json.write(document))
                .isEqualTo(
                        "{\"id\":1,\"lines\":[{\"article\":\"pen\",\"price\":1.5},{\"article\":\"ink\",\"price\":2}],"
                                + "\"name\":\"Ada\"}");
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "1.0, 1",
        "1.00, 1",
        "1E+2, 100",
        "100, 100",
        "0.10, 0.1",
        "1E-3, 0.001",
        "-0.0, 0",
        "0E+10, 0",
        "12345678901234567890.10, 12345678901234567890.1",
        "1E+500, 1E+500",
        "10E+499, 1E+500"
    })
    void writesEqualDecimalsAlike(BigDecimal number, String canonical) {
        assertThat(json.write(number)).isEqualTo(canonical);
    }

    @Test
    void writesEqualNumbersOfDifferentTypesAlike() {
        assertThat(List.<Object>of(1, 1L, 1.0, 1.0f, new BigDecimal("1.00"), BigInteger.ONE))
                .extracting(json::write)
                .containsOnly("1");
        assertThat(List.<Object>of(0.1, 0.1f, new BigDecimal("0.10")))
                .extracting(json::write)
                .containsOnly("0.1");
        assertThat(json.write(1e21)).isEqualTo(json.write(new BigDecimal("1000000000000000000000")));
    }

    @Test
    void keepsAllDigits() {
        BigInteger big = new BigInteger("123456789012345678901234567890123456789012345678901234567890");

        assertThat(json.write(big)).isEqualTo(big.toString());
        assertThat(json.write(Long.MAX_VALUE)).isEqualTo("9223372036854775807");
        assertThat(json.write(new BigDecimal("0.1234567890123456789012345678901234567")))
                .isEqualTo("0.1234567890123456789012345678901234567");
    }

    @Test
    void writesWhatIsNoNumberAsText() {
        assertThat(json.write(List.of(Double.NaN, Double.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY)))
                .isEqualTo("[\"NaN\",\"Infinity\",\"-Infinity\"]");
    }

    @Test
    void writesDatesAsText() {
        assertThat(json.write(List.of(
                        Instant.parse("2026-01-02T03:04:05.600Z"), LocalDate.of(2026, 1, 2), Duration.ofMinutes(90))))
                .isEqualTo("[\"2026-01-02T03:04:05.600Z\",\"2026-01-02\",\"PT1H30M\"]");
    }

    @Test
    void writesNullAndEmpty() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("none", null);
        document.put("object", Map.of());
        document.put("array", List.of());
        document.put("empty", Optional.empty());
        document.put("present", Optional.of("x"));

        assertThat(json.write(document))
                .isEqualTo("{\"array\":[],\"empty\":null,\"none\":null,\"object\":{},\"present\":\"x\"}");
        assertThat(json.write(Arrays.asList(null, true))).isEqualTo("[null,true]");
    }

    @Test
    void escapesText() throws Exception {
        String text = "\"\\/\b\n\t\u0001 ä € \uD83D\uDE00";

        assertThat(new ObjectMapper().readValue(json.write(text), String.class)).isEqualTo(text);
        assertThat(json.write(Map.of("a\"b", 1))).isEqualTo("{\"a\\\"b\":1}");
    }

    @Test
    void readsWhatItWrote() {
        Document document = new Document(1, "Ada", List.of(new Line("pen", new BigDecimal("1.5"))));

        assertThat(json.read(json.write(document), Document.class)).isEqualTo(document);
    }

    @Test
    void doesNotQuoteADocumentThatDoesNotFit() {
        assertThatThrownBy(() -> json.read("{\"id\":\"secret\"}", Document.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Document")
                .hasMessageNotContaining("secret");
    }

    @Test
    void givesDifferentFormsDifferentFingerprints() {
        assertThat(CanonicalJson.fingerprint("{}"))
                .isEqualTo(CanonicalJson.fingerprint("{}"))
                .isNotEqualTo(CanonicalJson.fingerprint("[]"))
                .hasSize(43);
    }
}
