package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Limits;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.test.CallLimiterContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;
import org.junit.jupiter.api.Test;

@OnEveryDatabase
class JdbcLimiterTest extends CallLimiterContract {

    private final ContractDatabase database;

    JdbcLimiterTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
    }

    @Override
    protected CallLimiter createLimiter() {
        return database.openStore().limiter();
    }

    @Override
    protected CallLimiter anotherNode() {
        return database.openStore().limiter();
    }

    @Test
    void aDailyQuotaSurvivesRestarts() {
        Limits daily = Limits.none().atMost(3, Duration.ofDays(1));
        Duration longest = Duration.ofSeconds(10);
        try (JdbcStore first = database.openStore()) {
            assertThat(first.limiter().acquire("erp", daily, 5, longest).calls())
                    .isEqualTo(3);
        }
        pass(Duration.ofHours(23));
        try (JdbcStore second = database.openStore()) {
            assertThat(second.limiter().acquire("erp", daily, 5, longest).calls())
                    .isZero();
        }
        pass(Duration.ofHours(2));

        assertThat(database.openStore()
                        .limiter()
                        .acquire("erp", daily, 5, longest)
                        .calls())
                .isEqualTo(3);
    }

    @Override
    protected void pass(Duration duration) {
        database.pass(duration);
    }
}
