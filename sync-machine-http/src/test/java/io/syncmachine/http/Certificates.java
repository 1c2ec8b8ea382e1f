package io.syncmachine.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Keys and certificates made for a test. */
final class Certificates {

    static final String PASSWORD = "changeit-please";

    final Path file;
    final KeyStore store;

    private Certificates(Path file, KeyStore store) {
        this.file = file;
        this.store = store;
    }

    /** A key and its own certificate, for a host name. */
    static Certificates of(Path folder, String host) throws Exception {
        Path file = folder.resolve(host + ".p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "own",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=" + host,
                        "-ext",
                        "SAN=dns:" + host,
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException(output);
        }
        return load(file);
    }

    static Certificates load(Path file) throws GeneralSecurityException, IOException {
        try (InputStream in = Files.newInputStream(file)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, PASSWORD.toCharArray());
            return new Certificates(file, store);
        }
    }

    /** A store that trusts this certificate, and nothing else. */
    KeyStore trusting() throws GeneralSecurityException, IOException {
        KeyStore trusting = KeyStore.getInstance("PKCS12");
        trusting.load(null, null);
        trusting.setCertificateEntry("trusted", store.getCertificate("own"));
        return trusting;
    }

    Path trustFile(Path folder) throws GeneralSecurityException, IOException {
        Path trust = folder.resolve(file.getFileName() + ".trust");
        try (OutputStream out = Files.newOutputStream(trust)) {
            trusting().store(out, PASSWORD.toCharArray());
        }
        return trust;
    }

    /** Of a client that trusts this certificate alone, and shows another one if there is one. */
    SSLContext trustedBy(Certificates... client) throws GeneralSecurityException, IOException {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusting());
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(client.length == 0 ? null : client[0].store, PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }
}
