package io.syncmachine.internal;

import com.fasterxml.jackson.databind.JsonNode;
import io.syncmachine.Explanation.Difference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Where two documents differ: fields by name, elements of arrays by position. */
final class JsonDifference {

    private final List<Difference> found = new ArrayList<>();

    private JsonDifference() {}

    static List<Difference> between(JsonNode before, JsonNode after) {
        JsonDifference difference = new JsonDifference();
        difference.compare("", before, after);
        return difference.found;
    }

    private void compare(String path, @Nullable JsonNode before, @Nullable JsonNode after) {
        if (before != null && after != null && before.isObject() && after.isObject()) {
            TreeSet<String> names = new TreeSet<>();
            before.fieldNames().forEachRemaining(names::add);
            after.fieldNames().forEachRemaining(names::add);
            names.forEach(name -> compare(path + '/' + escaped(name), before.get(name), after.get(name)));
        } else if (before != null && after != null && before.isArray() && after.isArray()) {
            for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
                compare(path + '/' + i, before.get(i), after.get(i));
            }
        } else if (!Objects.equals(before, after)) {
            found.add(new Difference(path, text(before), text(after)));
        }
    }

    /** As RFC 6901 says. */
    private static String escaped(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    private static @Nullable String text(@Nullable JsonNode node) {
        return node == null ? null : node.toString();
    }
}
