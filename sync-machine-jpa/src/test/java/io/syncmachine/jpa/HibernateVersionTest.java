package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;

import org.hibernate.Version;
import org.junit.jupiter.api.Test;

/** That the suite runs on the Hibernate that the build says. */
class HibernateVersionTest {

    @Test
    void runsOnTheVersionThatTheBuildNames() {
        assertThat(Version.getVersionString()).startsWith(System.getProperty("expected.hibernate", "6.6"));
    }
}
