package io.syncmachine.examples;

import ch.qos.logback.classic.LoggerContext;
import io.syncmachine.examples.invoicetotals.InvoiceTotalsExample;
import io.syncmachine.examples.northwind.NorthwindExample;
import io.syncmachine.examples.orders.OrdersExample;
import io.syncmachine.examples.ordersmongo.OrdersMongoExample;
import io.syncmachine.examples.ordersync.OrderSyncExample;
import io.syncmachine.examples.ordersync.Settings;
import io.syncmachine.examples.support.Database;
import io.syncmachine.examples.support.ExampleOptions;
import io.syncmachine.examples.support.Report;
import io.syncmachine.examples.thirdparty.ThirdPartyExample;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs the examples. Exit codes: 0 all is well, 1 something is wrong or failed, 2 the command line is. */
@Command(
        name = "./demo",
        usageHelpWidth = 100,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        description = {
            "Runs an example: changes a database, lets SyncMachine publish the changes to an API, and checks that the API"
                    + " holds what the database says.",
            "",
            "  orders     customers and orders, published by a worker in a process of its own that is paused"
                    + " and killed on the way (the default)",
            "  northwind  the orders of the Northwind sample database, which you provide",
            "  order-sync orders and a service, played by WireMock, that fails now and then: at most 10 calls at once and"
                    + " 1,000 in 10 s",
            "  orders-mongo customers with embedded addresses and orders in MongoDB, without any SQL",
            "  third-party records that two nodes fetch once a minute, and push to one of two places at one call a minute",
            "  invoice-totals  invoices and items that somebody changes with plain SQL; triggers see it, totals and"
                    + " documents follow"
        },
        footer = {
            "",
            "Needs JDK 17 and Maven, nothing else: without --database it starts a PostgreSQL of its own, without --api an"
                    + " API. In a given database it drops and creates the schema " + Database.SCHEMA
                    + " and touches nothing else.",
            "",
            "In the results, 'needed' counts the documents that each phase has really changed, 'unchanged' the looks at a"
                    + " subject that found nothing to send, 'wrong' the subjects whose state at the API differs from the"
                    + " database, 'overlapping' the calls that met another call for the same subject. 'seconds' runs from"
                    + " the first change that could be published to the last answer, without the pauses in which the"
                    + " successor of a killed worker waits for its lease.",
            "",
            "Exit code: 0 if nothing is wrong or overlapping, 1 if something is or the example fails, 2 if the command line is"
                    + " not understood."
        })
public final class Demo implements Callable<Integer> {

    private static final String ORDERS = "orders";
    private static final String NORTHWIND = "northwind";
    private static final String ORDER_SYNC = "order-sync";
    private static final String ORDERS_MONGO = "orders-mongo";
    private static final String THIRD_PARTY = "third-party";
    private static final String INVOICE_TOTALS = "invoice-totals";
    private static final List<String> EXAMPLES =
            List.of(ORDERS, NORTHWIND, ORDER_SYNC, ORDERS_MONGO, THIRD_PARTY, INVOICE_TOTALS);
    private static final int FEWEST_RECORDS = 6;
    private static final int LARGEST_FACTOR = 150;
    private static final int GOOD = 0;
    private static final int BAD = 1;
    private static final int MISUNDERSTOOD = 2;

    private final PrintStream out;

    @Spec
    @Nullable
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "EXAMPLE", description = "which; default: orders")
    private String example = ORDERS;

    @Option(
            names = "--orders",
            paramLabel = "N",
            description =
                    "orders, order-sync, orders-mongo: how many orders; default: 2000; for order-sync 1000, or what ORDER_COUNT says;"
                            + " for orders-mongo 300")
    private @Nullable Long orders;

    @Option(
            names = "--customers",
            paramLabel = "N",
            description = "orders, orders-mongo: how many customers; default: 200; for orders-mongo 40")
    private @Nullable Long customers;

    @Option(
            names = "--clock-factor",
            paramLabel = "N",
            description =
                    "third-party: by how much minutes are shorter, up to 150; default: 60, a minute takes a second")
    private @Nullable Long clockFactor;

    @Option(names = "--records", paramLabel = "N", description = "third-party: how many records; default: 8")
    private @Nullable Long records;

    @Option(names = "--seed", paramLabel = "N", description = "orders, orders-mongo: which random changes; default: 1")
    private @Nullable Long seed;

    @Option(names = "--sql", paramLabel = "FILE", description = "northwind: the database as a file of SQL statements")
    private @Nullable Path sql;

    @Option(
            names = "--declared",
            description = "northwind: by declared paths, without a single function that finds orders")
    private @Nullable Boolean declared;

    @Option(
            names = "--api",
            paramLabel = "URL",
            description = "publish to this server, which takes PUT /orders/{id} and DELETE /orders/{id}")
    private @Nullable URI api;

    @Option(names = "--database", paramLabel = "JDBC-URL", description = "use this PostgreSQL database")
    private @Nullable String database;

    @Option(names = "--user", paramLabel = "NAME", description = "the database's user")
    private @Nullable String user;

    @Option(names = "--password", paramLabel = "PASSWORD", description = "the user's password")
    private @Nullable String password;

    @Option(
            names = "--mongo",
            paramLabel = "URI",
            description =
                    "orders-mongo: use this MongoDB, and drop its database sync_machine_demo; default: a stand-in")
    private @Nullable String mongo;

    @Option(names = "--json", description = "end with one line that is a JSON object of the results")
    private boolean json;

    @Option(names = "--list", description = "name the examples and exit")
    private boolean list;

    @Option(names = "--help", usageHelp = true, description = "explain and exit")
    private boolean unusedHelp; // picocli prints it by itself

    private Demo(PrintStream out) {
        this.out = out;
    }

    /** Runs one, and exits. */
    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        // After Ctrl-C the database goes away under everyone's feet: nothing worth telling.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
            err.close();
        }));
        System.exit(run(out, err, args));
    }

    /** Runs one, and answers the exit code. */
    static int run(PrintStream out, PrintStream err, String... args) {
        return new CommandLine(new Demo(out))
                .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
                .setParameterExceptionHandler((failure, arguments) -> {
                    err.println("demo: " + failure.getMessage());
                    err.println("./demo --help explains the options.");
                    return MISUNDERSTOOD;
                })
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    err.println("demo: " + describe(failure));
                    return BAD;
                })
                .execute(args);
    }

    private static String describe(Exception failure) {
        boolean explained = failure instanceof IOException || failure instanceof SQLException;
        return explained && failure.getMessage() != null ? failure.getMessage() : failure.toString();
    }

    @Override
    public Integer call() throws Exception {
        if (list) {
            EXAMPLES.forEach(out::println);
            return GOOD;
        }
        Report report = runExample(new ExampleOptions(checkedApi(), access(), out));
        report.print(out);
        if (json) {
            out.println(report.json(example));
        }
        return report.isGood() ? GOOD : BAD;
    }

    private Report runExample(ExampleOptions options) throws Exception {
        if (!example.equals(THIRD_PARTY)) {
            refuse("--clock-factor", clockFactor);
            refuse("--records", records);
        }
        if (!example.equals(ORDERS_MONGO)) {
            refuse("--mongo", mongo);
        }
        if (!example.equals(NORTHWIND)) {
            refuse("--declared", declared);
        }
        switch (example) {
            case ORDERS -> {
                refuse("--sql", sql);
                OrdersExample.Numbers numbers = new OrdersExample.Numbers(
                        number("--orders", orders, 2000),
                        number("--customers", customers, 200),
                        seed == null ? 1 : seed);
                return OrdersExample.run(numbers, options);
            }
            case NORTHWIND -> {
                refuse("--orders", orders);
                refuse("--customers", customers);
                refuse("--seed", seed);
                return NorthwindExample.run(checkedSql(), Boolean.TRUE.equals(declared), options);
            }
            case ORDER_SYNC -> {
                refuse("--customers", customers);
                refuse("--seed", seed);
                refuse("--sql", sql);
                if (orders != null) {
                    number("--orders", orders, 1);
                }
                return OrderSyncExample.run(environment().or(orders, options.api(), options.database()), options.out());
            }
            case ORDERS_MONGO -> {
                refuse("--sql", sql);
                refuse("--database", database);
                OrdersMongoExample.Numbers numbers = new OrdersMongoExample.Numbers(
                        number("--orders", orders, 300), number("--customers", customers, 40), seed == null ? 1 : seed);
                return OrdersMongoExample.run(numbers, mongo, options);
            }
            case THIRD_PARTY -> {
                refuse("--orders", orders);
                refuse("--customers", customers);
                refuse("--seed", seed);
                refuse("--sql", sql);
                refuse("--api", api);
                return ThirdPartyExample.run(thirdPartyNumbers(), options.database(), options.out());
            }
            case INVOICE_TOTALS -> {
                refuse("--orders", orders);
                refuse("--customers", customers);
                refuse("--seed", seed);
                refuse("--sql", sql);
                return InvoiceTotalsExample.run(options);
            }
            default -> throw wrong("there is no example '" + example + "'; there are " + String.join(", ", EXAMPLES));
        }
    }

    private ThirdPartyExample.Numbers thirdPartyNumbers() {
        long factor = number("--clock-factor", clockFactor, 60);
        if (factor > LARGEST_FACTOR) {
            throw wrong("--clock-factor must be at most " + LARGEST_FACTOR + ", but is " + factor);
        }
        long some = number("--records", records, 8);
        if (some < FEWEST_RECORDS) {
            throw wrong("--records must be at least " + FEWEST_RECORDS + ", but is " + some);
        }
        return new ThirdPartyExample.Numbers(some, factor);
    }

    private Settings environment() {
        try {
            return Settings.of(System.getenv());
        } catch (IllegalArgumentException e) {
            throw wrong("the environment variable " + e.getMessage());
        }
    }

    private void refuse(String option, @Nullable Object value) {
        if (value != null) {
            throw wrong(option + " is no option of " + example);
        }
    }

    private long number(String option, @Nullable Long value, long otherwise) {
        if (value != null && value < 1) {
            throw wrong(option + " must be at least 1, but is " + value);
        }
        return value == null ? otherwise : value;
    }

    private Path checkedSql() {
        if (sql == null) {
            throw wrong(
                    NORTHWIND + " needs --sql FILE, the Northwind database for PostgreSQL as a file of SQL statements");
        }
        if (!Files.isReadable(sql) || Files.isDirectory(sql)) {
            throw wrong("--sql " + sql + " is not a file that can be read");
        }
        return sql;
    }

    private @Nullable URI checkedApi() {
        if (api != null && (api.getHost() == null || !Set.of("http", "https").contains(api.getScheme()))) {
            throw wrong("--api must be an http or https URL, but is '" + api + "'");
        }
        return api;
    }

    private Database.@Nullable Access access() {
        if (database == null) {
            if (user != null || password != null) {
                throw wrong("--user and --password are for --database, which is missing");
            }
            return null;
        }
        if (!database.startsWith("jdbc:postgresql:")) {
            throw wrong("--database must begin with jdbc:postgresql:, but is '" + database + "'");
        }
        return new Database.Access(database, user, password);
    }

    private ParameterException wrong(String message) {
        if (spec == null) {
            throw new IllegalStateException("not run by picocli");
        }
        return new ParameterException(spec.commandLine(), message);
    }
}
