package io.syncmachine.http;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How calls are let in. Made before there are threads to ask suppliers on, so {@link #on} is told of them. */
interface Authentication {

    Authentication NONE = executor -> refused -> CompletableFuture.completedFuture(Credentials.NONE);

    /** One that asks suppliers that may wait on these threads. */
    Source on(Executor executor);

    /** What answers credentials. */
    interface Source {

        /**
         * The credentials of one call. Fails with {@link NotSentException}.
         *
         * @param refused the token that the API has refused; null in a first call
         */
        CompletableFuture<Credentials> credentials(@Nullable String refused);
    }

    /** A user's name and password, asked for each call. */
    static Authentication basic(String user, Supplier<String> password) {
        return executor -> refused -> {
            String secret = ask("the password of basic authentication", password);
            String coded = Base64.getEncoder().encodeToString((user + ':' + secret).getBytes(StandardCharsets.UTF_8));
            return CompletableFuture.completedFuture(
                    new Credentials(Map.of("Authorization", "Basic " + coded), List.of(coded, secret), null));
        };
    }

    /** A token, kept until it is refused. */
    static Authentication bearer(Supplier<String> source) {
        return executor -> {
            Tokens tokens = new Tokens(source, executor);
            return refused -> tokens.token(refused)
                    .thenApply(token ->
                            new Credentials(Map.of("Authorization", "Bearer " + token), List.of(token), token));
        };
    }

    /** The same with secret headers besides, each asked for each call. */
    default Authentication with(Map<String, Supplier<String>> secretHeaders) {
        if (secretHeaders.isEmpty()) {
            return this;
        }
        return executor -> {
            Source source = on(executor);
            return refused -> {
                Map<String, String> headers = new LinkedHashMap<>();
                secretHeaders.forEach((name, supplier) -> headers.put(name, ask("header " + name, supplier)));
                return source.credentials(refused)
                        .thenApply(credentials -> credentials.with(headers, List.copyOf(headers.values())));
            };
        };
    }

    /**
     * What a supplier answers, which is fit for a header.
     *
     * @throws IllegalStateException if it fails; its own message is left out, for it may quote a secret
     */
    static String ask(String what, Supplier<String> supplier) {
        String value;
        try {
            value = supplier.get();
        } catch (RuntimeException e) {
            throw new IllegalStateException(
                    "the supplier of " + what + " failed: " + e.getClass().getSimpleName());
        }
        if (value == null || value.isBlank() || value.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalStateException("the supplier of " + what
                    + (value == null || value.isBlank() ? " answered nothing" : " answered a control character"));
        }
        return value;
    }
}
