package io.syncmachine.jpa;

import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import org.junit.jupiter.api.Tag;

/** The same on MariaDB, and on MySQL where there is one. */
@Tag("full")
@OnEveryDatabase(except = {DatabaseKind.POSTGRESQL, DatabaseKind.H2, DatabaseKind.MARIADB_BY_MYSQL_DRIVER})
class JpaPipelineOnMariaDbTest extends JpaPipelineTest {

    JpaPipelineOnMariaDbTest(DatabaseKind kind) {
        super(kind);
    }
}
