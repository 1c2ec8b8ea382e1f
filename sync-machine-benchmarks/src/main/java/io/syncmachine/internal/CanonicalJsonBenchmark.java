package io.syncmachine.internal;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.NullMarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What comparing a document costs. */
@NullMarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CanonicalJsonBenchmark {

    /** As the other benchmarks send it. */
    public record Small(long id, String customer, String status, int version) {}

    /** One of twenty. */
    public record Line(int number, String product, BigDecimal price, int quantity) {}

    /** Some kilobytes. */
    public record Large(long id, String customer, Instant ordered, List<Line> lines) {}

    private final CanonicalJson json = new CanonicalJson();
    private final Small small = new Small(1_234, "Anna Smith", "paid", 7);
    private final Large large = new Large(
            1_234,
            "Anna Smith",
            Instant.ofEpochSecond(1_700_000_000),
            IntStream.range(0, 20)
                    .mapToObj(i -> new Line(i, "Product " + i, new BigDecimal("19.90"), i))
                    .toList());
    private final String smallText = json.write(small);

    /** Writes a small document. */
    @Benchmark
    public String writeSmall() {
        return json.write(small);
    }

    /** Writes a document with twenty lines. */
    @Benchmark
    public String writeLarge() {
        return json.write(large);
    }

    /** Digests a small one. */
    @Benchmark
    public String fingerprintSmall() {
        return CanonicalJson.fingerprint(smallText);
    }

    /** What a run does with a small one, at least. */
    @Benchmark
    public String writeAndFingerprintSmall() {
        return CanonicalJson.fingerprint(json.write(small));
    }
}
