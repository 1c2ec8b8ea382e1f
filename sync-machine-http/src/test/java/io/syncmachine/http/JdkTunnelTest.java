package io.syncmachine.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The JDK reads whether a password may go to a proxy when it starts: where there is one, a process of its own is started. */
class JdkTunnelTest extends TunnelContract {

    /** Sends, and prints what became of it. */
    static final class Probe {

        private Probe() {}

        public static void main(String[] arguments) throws Exception {
            Way way = new Way(
                    Path.of(arguments[0]),
                    Integer.parseInt(arguments[1]),
                    Integer.parseInt(arguments[2]),
                    arguments[3],
                    arguments[4],
                    arguments[5]);
            System.out.println(sendHere(way, HttpTransport.jdk()));
        }
    }

    @Override
    protected String send(Way way) throws Exception {
        if (way.user() == null) {
            return sendHere(way, HttpTransport.jdk());
        }
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Djdk.http.auth.tunneling.disabledSchemes=",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Probe.class.getName(),
                        way.file().toString(),
                        Integer.toString(way.port()),
                        Integer.toString(way.proxy()),
                        way.kind(),
                        way.user(),
                        way.password())
                .redirectErrorStream(true)
                .start();
        String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(told).isZero();
        return told;
    }
}
