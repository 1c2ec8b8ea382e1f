package io.syncmachine.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameStartingWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Which module may use which, and what is nobody else's business. */
class ArchitectureTest {

    private static final String[] CORE = {
        "io.syncmachine",
        "io.syncmachine.annotation..",
        "io.syncmachine.event..",
        "io.syncmachine.function..",
        "io.syncmachine.internal..",
        "io.syncmachine.memory..",
        "io.syncmachine.spi.."
    };
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.syncmachine");

    private static void onlyDependsOn(String[] module, String... allowed) {
        classes()
                .that()
                .resideInAnyPackage(module)
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(allowed).or(resideInAnyPackage(module)))
                .check(CLASSES);
    }

    @Test
    void coreKnowsNoTechnology() {
        onlyDependsOn(
                CORE,
                "java.lang..",
                "java.util..",
                "java.time..",
                "java.math..",
                "java.nio.charset..",
                "java.security..",
                "org.slf4j..",
                "org.jspecify..",
                "com.fasterxml.jackson..",
                "java.io",
                "java.nio.file..");
    }

    @Test
    void filesAndTerminalsAreForResyncsOnly() {
        noClasses()
                .that(resideInAnyPackage(CORE).and(not(simpleNameStartingWith("Resync"))))
                .and()
                .doNotHaveFullyQualifiedName("io.syncmachine.internal.ResyncRequest$Wish")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.io", "java.nio.file..")
                .check(CLASSES);
    }

    @Test
    void jacksonIsTheEnginesOwnAffair() {
        noClasses()
                .that(resideInAnyPackage(CORE)
                        .and(not(resideInAnyPackage("io.syncmachine.internal..", "io.syncmachine.memory..")))
                        .and(not(simpleName("JsonIdCodec"))))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.fasterxml..")
                .check(CLASSES);
    }

    @Test
    void theEngineHasOneDoor() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.syncmachine", "io.syncmachine.internal..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.syncmachine.internal..")
                .check(CLASSES);
        classes()
                .that()
                .resideInAPackage("io.syncmachine.internal..")
                .and()
                .areTopLevelClasses()
                .and()
                .arePublic()
                .should()
                .haveNameMatching(".*\\.(Engine|Settings|DeadLetterOffice|ResyncOffice|ResyncRequest|Auditor|Batches)")
                .check(CLASSES);
    }

    @Test
    void annotationsAreAWayToTheBuilderAndNothingElse() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.syncmachine.annotation..", "io.syncmachine.examples..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.syncmachine.annotation..")
                .check(CLASSES);
        classes()
                .that()
                .resideInAPackage("io.syncmachine.annotation..")
                .and()
                .arePublic()
                .and()
                .areNotAnnotations()
                .should()
                .haveSimpleName("AnnotatedMachine")
                .check(CLASSES);
    }

    @Test
    void jdbcUsesCoreAndJdbc() {
        onlyDependsOn(
                new String[] {"io.syncmachine.jdbc.."},
                "io.syncmachine",
                "io.syncmachine.event..",
                "io.syncmachine.spi..",
                "io.syncmachine.event..",
                "io.syncmachine.function..",
                "java..",
                "javax.sql..",
                "org.postgresql..",
                "org.slf4j..",
                "org.jspecify..");
    }

    @Test
    void jpaUsesCoreAndJdbcAndHibernate() {
        onlyDependsOn(
                new String[] {"io.syncmachine.jpa.."},
                "io.syncmachine",
                "io.syncmachine.spi..",
                "io.syncmachine.function..",
                "io.syncmachine.jdbc..",
                "java..",
                "jakarta.persistence..",
                "org.hibernate..",
                "com.fasterxml.jackson..",
                "org.slf4j..",
                "org.jspecify..");
    }

    @Test
    void httpUsesCoreAndItsClients() {
        onlyDependsOn(
                new String[] {"io.syncmachine.http.."},
                "io.syncmachine",
                "io.syncmachine.function..",
                "java..",
                "javax.net.ssl..",
                "org.apache.hc..",
                "com.fasterxml.jackson..",
                "org.slf4j..",
                "org.jspecify..");
    }

    @Test
    void redisUsesCoreAndJedis() {
        onlyDependsOn(
                new String[] {"io.syncmachine.redis.."},
                "io.syncmachine",
                "io.syncmachine.event..",
                "io.syncmachine.spi..",
                "java..",
                "redis.clients.jedis..",
                "org.slf4j..",
                "org.jspecify..");
    }

    @Test
    void mongoUsesCoreAndItsDriver() {
        onlyDependsOn(
                new String[] {"io.syncmachine.mongo.."},
                "io.syncmachine",
                "io.syncmachine.event..",
                "io.syncmachine.function..",
                "io.syncmachine.spi..",
                "java..",
                "com.mongodb..",
                "org.bson..",
                "org.slf4j..",
                "org.jspecify..");
    }

    @Test
    void triggersUseCoreOnly() {
        onlyDependsOn(
                new String[] {"io.syncmachine.postgres.."},
                "io.syncmachine",
                "io.syncmachine.spi..",
                "java..",
                "javax.sql..",
                "org.jspecify..");
    }

    @Test
    void eachHttpClientIsItsTransportsOwnAffair() {
        noClasses()
                .that()
                .haveNameNotMatching("io\\.syncmachine\\.http\\.ApacheTransport.*")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.hc..")
                .check(CLASSES);
    }

    @Test
    void testKitUsesCoreOnly() {
        onlyDependsOn(
                new String[] {"io.syncmachine.test.."},
                "io.syncmachine",
                "io.syncmachine.spi..",
                "io.syncmachine.event..",
                "io.syncmachine.function..",
                "io.syncmachine.memory..",
                "java..",
                "org.junit.jupiter.api..",
                "org.assertj..",
                "org.awaitility..",
                "org.jspecify..");
    }

    @Test
    void adaptersShowOnlyTheirFactories() {
        classes()
                .that()
                .resideInAnyPackage(
                        "io.syncmachine.http..",
                        "io.syncmachine.jdbc..",
                        "io.syncmachine.jpa..",
                        "io.syncmachine.mongo..",
                        "io.syncmachine.postgres..",
                        "io.syncmachine.redis..")
                .and()
                .arePublic()
                .and()
                .areTopLevelClasses()
                .should()
                .haveNameMatching(
                        ".*\\.(JdbcStore|JdbcStoreException|JdbcEntities|SchemaMode|TransactionalOutbox|JpaEntities"
                                + "|HttpDestination|HttpBatch|HttpPolling|HttpTransport|HttpCall|HttpAnswer|NotSentException"
                                + "|HttpStatusException|RedisJobs|RedisLeases|RedisLimiter|RedisWakeups|RedisStoreException"
                                + "|MongoStore|MongoEntities|MongoStoreException|PostgresTriggers|MySqlTriggers|TriggerDrift)")
                .check(CLASSES);
    }

    @Test
    void modulesFormNoCycle() {
        slices().matching("io.syncmachine.(http|jdbc|jpa|mongo|postgres|redis|test|examples)..")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }
}
