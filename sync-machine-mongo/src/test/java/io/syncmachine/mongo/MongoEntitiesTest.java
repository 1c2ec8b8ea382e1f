package io.syncmachine.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.Store;
import io.syncmachine.test.CapturingEntitySourceContract;
import java.time.Duration;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the stand-in cannot show is left to real servers. */
@ExtendWith(StandInLimits.class)
class MongoEntitiesTest extends CapturingEntitySourceContract<Customer> {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final TestStore test = new TestStore();
    private final MongoCollection<Customer> customers = test.database().getCollection("customers", Customer.class);
    private final MongoEntities entities = MongoEntities.builder(TestMongo.client(), test.database())
            .entity(Customer.class, Long.class, "customers", Customer::id)
            .build();
    private @Nullable ClientSession session;

    MongoEntitiesTest() {
        super(Customer.class);
    }

    @Override
    protected Store createStore() {
        return test.store();
    }

    @Override
    protected EntitySource createSource() {
        return entities;
    }

    /** Without a transaction, on the stand-in. */
    @Override
    protected void transaction(Runnable changes) throws Exception {
        if (TestMongo.isReal()) {
            within(changes, true);
        } else {
            changes.run();
        }
        awaitCaptured();
    }

    @Override
    protected void rolledBackTransaction(Runnable changes) throws Exception {
        within(changes, false);
        awaitCaptured();
    }

    /** If it captures. */
    private void awaitCaptured() throws InterruptedException {
        boolean unused = entities.awaitCaptured(PATIENCE);
    }

    private void within(Runnable changes, boolean commit) {
        try (ClientSession own = TestMongo.client().startSession()) {
            own.startTransaction();
            session = own;
            changes.run();
            if (commit) {
                own.commitTransaction();
            } else {
                own.abortTransaction();
            }
        } finally {
            session = null;
        }
    }

    @Override
    protected void createCustomer(long id, String firstName, String lastName) {
        Customer customer = new Customer(id, firstName, lastName);
        if (session == null) {
            customers.insertOne(customer);
        } else {
            customers.insertOne(session, customer);
        }
    }

    @Override
    protected void renameCustomer(long id, String firstName, String lastName) {
        rename(session, id, Updates.combine(Updates.set("firstName", firstName), Updates.set("lastName", lastName)));
    }

    private void rename(@Nullable ClientSession in, long id, Bson change) {
        long matched = (in == null
                        ? customers.updateOne(Filters.eq(id), change)
                        : customers.updateOne(in, Filters.eq(id), change))
                .getMatchedCount();
        assertThat(matched).isEqualTo(1);
    }

    @Override
    protected void deleteCustomer(long id) {
        if (session == null) {
            customers.deleteOne(Filters.eq(id));
        } else {
            customers.deleteOne(session, Filters.eq(id));
        }
    }

    @Override
    protected Object currentTransaction() {
        return session == null ? "none" : session;
    }

    @Override
    protected void renameIn(Object transaction, Customer customer, String firstName) {
        rename((ClientSession) transaction, customer.id(), Updates.set("firstName", firstName));
    }

    @Override
    protected String firstName(Customer customer) {
        return customer.firstName();
    }
}
