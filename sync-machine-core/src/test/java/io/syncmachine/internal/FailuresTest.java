package io.syncmachine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class FailuresTest {

    @Test
    void classAndMessageAreTold() {
        assertThat(Failures.describe(new IllegalStateException("order 7 has no lines")))
                .isEqualTo("IllegalStateException: order 7 has no lines");
        assertThat(Failures.describe(new IllegalStateException())).isEqualTo("IllegalStateException: null");
    }

    @Test
    void ofCausesOnlyTheClassesAreTold() {
        Exception failure = new IllegalStateException(
                "order 7 has no lines", new SQLException("secret", new SocketTimeoutException("secret")));

        assertThat(Failures.describe(failure))
                .isEqualTo(
                        "IllegalStateException: order 7 has no lines (caused by SQLException, SocketTimeoutException)");
    }

    @Test
    void noMoreThanFiveCausesAreTold() {
        Exception failure = new Exception("root");
        for (int i = 0; i < 8; i++) {
            failure = new IOException("level " + i, failure);
        }

        assertThat(Failures.describe(failure))
                .isEqualTo(
                        "IOException: level 7 (caused by IOException, IOException, IOException, IOException, IOException)");
    }

    @Test
    void aCircleOfCausesIsGoneThroughOnce() {
        Exception one = new Exception("one");
        Exception other = new IllegalStateException("other", one);
        one.initCause(other);

        assertThat(Failures.describe(one)).isEqualTo("Exception: one (caused by IllegalStateException)");
    }

    @Test
    void aLongMessageIsCutAndItsCausesAreStillTold() {
        String told = Failures.describe(new IllegalStateException("x".repeat(10_000), new IOException("y")));

        assertThat(told).hasSize(500).startsWith("IllegalStateException: xxx").endsWith("… (caused by IOException)");
    }

    @Test
    void whatCannotBeReadIsNoTrouble() {
        assertThat(Failures.describe(new Exception() {
                    private static final long serialVersionUID = 1L;

                    @Override
                    public String getMessage() {
                        throw new IllegalStateException("no message");
                    }

                    @Override
                    public synchronized Throwable getCause() {
                        throw new IllegalStateException("no cause");
                    }
                }))
                .contains("its message cannot be read: IllegalStateException");
    }
}
