package io.syncmachine.http;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a call shows to be let in.
 *
 * @param headers to send
 * @param secrets never to be told to anybody else
 * @param token the bearer token among them
 */
record Credentials(
        Map<String, String> headers,
        List<String> secrets,
        @Nullable String token) {

    static final Credentials NONE = new Credentials(Map.of(), List.of(), null);

    private static final Pattern SCHEMES = Pattern.compile("(?i)\\b(bearer|basic)\\s+[^\\s\"',;]+");
    private static final Pattern CONTROLS = Pattern.compile("[\\p{Cntrl}\\s]+");
    private static final int SHORTEST_SECRET = 3;
    private static final int LONGEST_TEXT = 300;
    private static final String HIDDEN = "***";

    Credentials with(Map<String, String> moreHeaders, List<String> moreSecrets) {
        Map<String, String> allHeaders = new LinkedHashMap<>(headers);
        allHeaders.putAll(moreHeaders);
        List<String> allSecrets = new ArrayList<>(secrets);
        allSecrets.addAll(moreSecrets);
        return new Credentials(allHeaders, allSecrets, token);
    }

    /** What an API says, in one line, cut, and with its secrets hidden, which some APIs repeat. */
    String hiddenIn(String text) {
        String line = text;
        for (String secret : secrets) {
            if (secret.length() >= SHORTEST_SECRET) {
                line = line.replace(secret, HIDDEN);
            }
        }
        line = CONTROLS.matcher(SCHEMES.matcher(line).replaceAll("$1 " + HIDDEN))
                .replaceAll(" ")
                .strip();
        return line.length() <= LONGEST_TEXT ? line : line.substring(0, LONGEST_TEXT - 1) + '…';
    }

    @Override
    public String toString() {
        return "Credentials" + headers.keySet();
    }
}
