package io.syncmachine.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every Java snippet of the documentation stands, line by line, in a source file that the build compiles. */
class SnippetsTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final String FENCE = "```";

    @Test
    void everySnippetIsCompiled() throws IOException {
        List<String> sources = sources();
        int snippets = 0;
        for (Path page : pages()) {
            for (String snippet : snippets(page)) {
                snippets++;
                assertThat(sources.stream().anyMatch(source -> source.contains(snippet)))
                        .as("a snippet of " + ROOT.relativize(page) + " is in no compiled source:\n" + snippet)
                        .isTrue();
            }
        }
        assertThat(snippets).isGreaterThanOrEqualTo(3);
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            List<Path> pages = new ArrayList<>(
                    docs.filter(path -> path.toString().endsWith(".md")).toList());
            pages.add(ROOT.resolve("README.md"));
            pages.add(ROOT.resolve("sync-machine-examples/order-sync/README.md"));
            pages.add(ROOT.resolve("sync-machine-examples/third-party/README.md"));
            return pages;
        }
    }

    /** Without indentation and blank lines, as the formatter may want other ones. */
    private static String normal(Stream<String> lines) {
        return lines.map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining("\n"));
    }

    private static List<String> snippets(Path page) throws IOException {
        List<String> result = new ArrayList<>();
        List<String> current = null;
        for (String line : Files.readAllLines(page)) {
            if (current == null && line.strip().startsWith(FENCE + "java")) {
                current = new ArrayList<>();
            } else if (current != null && line.strip().startsWith(FENCE)) {
                result.add(normal(current.stream()));
                current = null;
            } else if (current != null) {
                current.add(line);
            }
        }
        return result;
    }

    private static List<String> sources() throws IOException {
        List<String> sources = new ArrayList<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.filter(
                            path -> path.getFileName().toString().startsWith("sync-machine-"))
                    .toList()) {
                Path folder = module.resolve("src");
                if (Files.isDirectory(folder)) {
                    sources.addAll(sources(folder));
                }
            }
        }
        return sources;
    }

    private static List<String> sources(Path folder) throws IOException {
        List<String> sources = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                sources.add(normal(Files.readAllLines(file).stream()));
            }
        }
        return sources;
    }
}
