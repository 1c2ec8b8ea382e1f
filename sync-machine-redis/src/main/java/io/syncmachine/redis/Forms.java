package io.syncmachine.redis;

import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How values are written for scripts, and read from them. */
final class Forms {

    /** Between entries of a list in one text. No name holds it, nor does any sensible id: it is a control character. */
    private static final String BETWEEN = "\u001f";
    /** Longer times are as good as for ever, and all sums of them are exact in a script's numbers. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private Forms() {}

    static String changed(ChangedProperties changed) {
        return String.join(BETWEEN, changed.encoded());
    }

    static ChangedProperties changed(@Nullable Object form) {
        return ChangedProperties.decoded(split(form));
    }

    static String causes(Collection<Cause> causes) {
        return String.join(
                BETWEEN, causes.stream().limit(Cause.MOST).map(Cause::encoded).toList());
    }

    static List<Cause> causes(@Nullable Object form) {
        return split(form).stream()
                .flatMap(cause -> Cause.decoded(cause).stream())
                .toList();
    }

    private static List<String> split(@Nullable Object joined) {
        return joined == null || joined.equals("") ? List.of() : Arrays.asList(((String) joined).split(BETWEEN, -1));
    }

    static String micros(Duration duration) {
        return Long.toString((duration.compareTo(LONGEST) < 0 ? duration : LONGEST).toNanos() / 1_000);
    }

    /** A time that has passed, or will. */
    static Duration duration(@Nullable Object micros) {
        return Duration.ofNanos(Math.max(Long.parseLong(String.valueOf(micros)), 0) * 1_000);
    }

    static int number(@Nullable Object number) {
        return Integer.parseInt(String.valueOf(number));
    }
}
