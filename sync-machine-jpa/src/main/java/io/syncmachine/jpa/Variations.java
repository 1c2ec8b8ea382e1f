package io.syncmachine.jpa;

import java.lang.invoke.MethodType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Year;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Other values than a given one. */
final class Variations {

    private static final UUID ANOTHER = new UUID(1, 2);

    private Variations() {}

    /** Neighbours, extremes and nothing; only nothing of a class that is not known. */
    static List<@Nullable Object> of(Class<?> type, @Nullable Object value) {
        Class<?> wrapped = MethodType.methodType(type).wrap().returnType();
        List<@Nullable Object> values = new ArrayList<>(some(wrapped, value));
        values.removeIf(other -> other != null && other.equals(value));
        if (!type.isPrimitive() && value != null) {
            values.add(null);
        }
        return values;
    }

    private static List<@Nullable Object> some(Class<?> type, @Nullable Object value) {
        if (type == String.class) {
            return List.of(value == null ? "?" : value + "?", "", "1", "true");
        } else if (type == Boolean.class) {
            return List.of(true, false);
        } else if (type == Character.class) {
            return List.of('?', 'a', '0');
        } else if (type.isEnum()) {
            return List.of(type.getEnumConstants());
        } else if (type == UUID.class) {
            return List.of(ANOTHER);
        } else if (Number.class.isAssignableFrom(type)) {
            return numbers(type, value instanceof Number number ? number : 0);
        } else if (Temporal.class.isAssignableFrom(type)) {
            return times(type, value);
        } else if (type == Duration.class) {
            return List.of(Duration.ZERO, Duration.ofSeconds(1), Duration.ofDays(-1), Duration.ofDays(1_000));
        } else if (Date.class.isAssignableFrom(type)) {
            return dates(type);
        } else if (type == byte[].class) {
            return List.of(new byte[] {1}, new byte[0]);
        }
        return List.of();
    }

    private static List<@Nullable Object> numbers(Class<?> type, Number value) {
        List<@Nullable Object> numbers = new ArrayList<>();
        for (long number : new long[] {value.longValue() + 1, 0, 1, -1, 120, 32_000, 1_000_000_000L}) {
            Object converted = number(type, number);
            if (converted != null) {
                numbers.add(converted);
            }
        }
        return numbers;
    }

    private static @Nullable Object number(Class<?> type, long number) {
        if (type == Long.class) {
            return number;
        } else if (type == Integer.class) {
            return (int) number;
        } else if (type == Short.class) {
            return (short) number;
        } else if (type == Byte.class) {
            return (byte) number;
        } else if (type == Double.class) {
            return (double) number;
        } else if (type == Float.class) {
            return (float) number;
        } else if (type == BigDecimal.class) {
            return BigDecimal.valueOf(number);
        } else if (type == BigInteger.class) {
            return BigInteger.valueOf(number);
        }
        return null;
    }

    private static List<@Nullable Object> times(Class<?> type, @Nullable Object value) {
        Temporal time = value instanceof Temporal known ? known : now(type);
        if (time == null) {
            return List.of();
        }
        List<@Nullable Object> times = new ArrayList<>();
        for (ChronoUnit unit : List.of(ChronoUnit.YEARS, ChronoUnit.DAYS, ChronoUnit.HOURS, ChronoUnit.SECONDS)) {
            if (time.isSupported(unit)) {
                times.add(time.plus(unit == ChronoUnit.DAYS ? 10_000 : 1, unit));
                times.add(time.minus(unit == ChronoUnit.DAYS ? 10_000 : 1, unit));
            }
        }
        return times;
    }

    private static @Nullable Temporal now(Class<?> type) {
        if (type == LocalDate.class) {
            return LocalDate.EPOCH;
        } else if (type == LocalDateTime.class) {
            return LocalDate.EPOCH.atStartOfDay();
        } else if (type == LocalTime.class) {
            return LocalTime.NOON;
        } else if (type == Instant.class) {
            return Instant.EPOCH;
        } else if (type == OffsetDateTime.class) {
            return OffsetDateTime.MIN.withYear(2000);
        } else if (type == ZonedDateTime.class) {
            return ZonedDateTime.parse("2000-01-01T00:00:00Z");
        } else if (type == Year.class) {
            return Year.of(2000);
        }
        return null;
    }

    @SuppressWarnings("JavaUtilDate") // entities may have them
    private static List<@Nullable Object> dates(Class<?> type) {
        if (type == java.sql.Date.class) {
            return List.of(new java.sql.Date(0), new java.sql.Date(4_000_000_000_000L));
        } else if (type == java.sql.Timestamp.class) {
            return List.of(new java.sql.Timestamp(0), new java.sql.Timestamp(4_000_000_000_000L));
        } else if (type == java.sql.Time.class) {
            return List.of(new java.sql.Time(0), new java.sql.Time(3_600_000));
        }
        return List.of(new Date(0), new Date(4_000_000_000_000L));
    }
}
