package io.syncmachine.jpa;

import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import org.junit.jupiter.api.Tag;

/** The same on H2 and MariaDB, and on MySQL where there is one. */
@Tag("full")
@OnEveryDatabase(except = {DatabaseKind.POSTGRESQL, DatabaseKind.MARIADB_BY_MYSQL_DRIVER})
class JpaPipelineElsewhereTest extends JpaPipelineTest {

    JpaPipelineElsewhereTest(DatabaseKind kind) {
        super(kind);
    }
}
