package io.syncmachine.examples.ordersync;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.github.tomakehurst.wiremock.WireMockServer;
import io.syncmachine.examples.Demo;
import io.syncmachine.examples.support.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What can be known of the containers without an engine that runs them. */
class ContainersTest {

    private static final Path FOLDER = Path.of("order-sync");
    private static final String IMAGE = "[a-z0-9]+(?:[./_-][a-z0-9]+)*(?::[\\w][\\w.-]*)?";

    private static JsonNode compose() throws IOException {
        return new ObjectMapper(new YAMLFactory()).readTree(Files.readString(FOLDER.resolve("compose.yaml")));
    }

    private static List<String> dockerfile(String instruction) throws IOException {
        return Files.readString(FOLDER.resolve("Dockerfile"))
                .replaceAll("\\\\\\n\\s*", "")
                .lines()
                .filter(line -> line.startsWith(instruction + " "))
                .map(line -> line.substring(instruction.length() + 1))
                .toList();
    }

    @Test
    void theServicesAreWhatTheApplicationNeedsAndHaveImages() throws IOException {
        JsonNode services = compose().at("/services");

        assertThat(services.fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("application", "database", "redis", "service");
        services.forEach(service ->
                assertThat(service.at("/image").asText()).as("%s", service).matches(IMAGE));
        assertThat(services.at("/database/image").asText()).startsWith("postgres:");
        assertThat(services.at("/redis/image").asText()).startsWith("redis:");
        assertThat(services.at("/service/image").asText()).isEqualTo("wiremock/wiremock:" + wireMockVersion());
    }

    /** The one that plays the service without containers. */
    private static String wireMockVersion() {
        String jar = WireMockServer.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
        return jar.replaceAll(".*wiremock-([\\d.]+)\\.jar", "$1");
    }

    @Test
    void whatIsWaitedForTellsWhetherItIsThere() throws IOException {
        JsonNode services = compose().at("/services");
        List<String> awaited = new ArrayList<>();
        services.at("/application/depends_on").properties().forEach(entry -> {
            awaited.add(entry.getKey());
            assertThat(entry.getValue().at("/condition").asText()).isEqualTo("service_healthy");
            assertThat(services.at("/" + entry.getKey() + "/healthcheck/test")).isNotEmpty();
        });
        assertThat(awaited).containsExactlyInAnyOrder("database", "redis", "service");
    }

    @Test
    void theApplicationUnderstandsItsEnvironment() throws IOException {
        JsonNode services = compose().at("/services");
        Map<String, String> environment = new TreeMap<>();
        services.at("/application/environment")
                .properties()
                .forEach(entry -> environment.put(entry.getKey(), orDefault(entry.getValue())));
        assertThat(Settings.VARIABLES).containsExactlyInAnyOrderElementsOf(environment.keySet());

        Settings settings = Settings.of(environment);

        assertThat(settings.service()).hasHost("service").hasPort(8080);
        assertThat(settings.redis()).hasHost("redis").hasPort(6379);
        JsonNode database = services.at("/database/environment");
        assertThat(settings.database())
                .isEqualTo(new Database.Access(
                        "jdbc:postgresql://database:5432/"
                                + database.at("/POSTGRES_DB").asText(),
                        database.at("/POSTGRES_USER").asText(),
                        database.at("/POSTGRES_PASSWORD").asText()));
    }

    /** Where the shell that starts it says nothing. */
    private static String orDefault(JsonNode value) {
        return value.asText().replaceAll("\\$\\{\\w+:-(.*)}", "$1");
    }

    @Test
    void volumesAreDeclaredOrInTheProject() throws IOException {
        JsonNode compose = compose();
        List<String> sources = new ArrayList<>();
        compose.at("/services")
                .forEach(service -> service.path("volumes")
                        .forEach(volume -> sources.add(volume.asText().replaceAll(":.*", ""))));
        assertThat(sources).hasSize(3).allSatisfy(source -> {
            if (source.startsWith(".")) {
                assertThat(FOLDER.resolve(source).resolve("orders.json")).exists();
            } else {
                assertThat(compose.at("/volumes").has(source)).isTrue();
            }
        });
    }

    @Test
    void theImageIsBuiltFromTheProjectAndRunsTheExample() throws IOException {
        JsonNode build = compose().at("/services/application/build");
        Path context = FOLDER.resolve(build.at("/context").asText());
        assertThat(context.resolve("pom.xml")).exists();
        assertThat(context.resolve(build.at("/dockerfile").asText())).exists();
        assertThat(dockerfile("FROM"))
                .allSatisfy(image -> assertThat(image.replace(" AS build", "")).matches(IMAGE));
        assertThat(dockerfile("RUN").get(0))
                .contains("-pl " + Path.of("").toAbsolutePath().getFileName() + " -am");
        JsonNode command = new ObjectMapper().readTree(dockerfile("ENTRYPOINT").get(0));
        assertThat(command).extracting(JsonNode::asText).contains(Demo.class.getName(), "order-sync");
        assertThat(new ObjectMapper().readTree(dockerfile("CMD").get(0))).isNotEmpty();
    }
}
