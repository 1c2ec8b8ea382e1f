package io.syncmachine.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A Lua script, which Redis runs as one step that no other client sees half of.
 *
 * @param text its text
 * @param sha the name that Redis knows it by once it has run it
 */
record Script(String text, String sha) {

    /** What is written in these resources, one after the other. */
    static Script of(String... names) {
        StringBuilder text = new StringBuilder();
        for (String name : names) {
            text.append(resource(name + ".lua"));
        }
        return new Script(text.toString(), sha1(text.toString()));
    }

    private static String resource(String name) {
        try (InputStream resource = Script.class.getResourceAsStream(name)) {
            if (resource == null) {
                throw new IllegalStateException("the jar of sync-machine-redis lacks " + name);
            }
            return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha1(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-1");
            return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
