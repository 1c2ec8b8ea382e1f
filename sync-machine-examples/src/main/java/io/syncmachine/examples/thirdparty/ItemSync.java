package io.syncmachine.examples.thirdparty;

import io.syncmachine.Backoff;
import io.syncmachine.ChangeHandler;
import io.syncmachine.ChangeKind;
import io.syncmachine.FailureKind;
import io.syncmachine.Limits;
import io.syncmachine.Policy;
import io.syncmachine.Policy.Unpublishable;
import io.syncmachine.SyncMachine;
import io.syncmachine.http.HttpDestination;
import java.net.URI;
import java.time.Duration;
import java.util.function.LongConsumer;

/** Pushes each item to the place that its region says. One that moves is deleted at one and created at the other. */
final class ItemSync {

    static final String NORTH = "north";
    static final String SOUTH = "south";

    /** By so much two calls may come closer on their way than they were granted; the first ones wait for connections and classes. */
    static final Duration GUARD = Duration.ofMillis(400);

    private ItemSync() {}

    static SyncMachine<Item, Long> north(HttpDestination api, Duration minute) {
        return SyncMachine.define("items-to-north", Item.class, Long.class)
                .listenTo(Item.class)
                .publishWhen(item -> item.getRegion().equals(NORTH))
                .build(item -> new NorthDocument(item.getId(), item.getName(), item.getCents()))
                .publish(api)
                .policy(policy(minute))
                .done();
    }

    static SyncMachine<Item, Long> south(HttpDestination api, Duration minute) {
        return SyncMachine.define("items-to-south", Item.class, Long.class)
                .listenTo(Item.class)
                .publishWhen(item -> item.getRegion().equals(SOUTH))
                .build(item -> new SouthArticle("A-" + item.getId(), item.getName()))
                .publish(api)
                .policy(policy(minute))
                .done();
    }

    private static Policy policy(Duration minute) {
        return Policy.defaults()
                .unpublishable(Unpublishable.DELETE)
                .deadline(Duration.ofSeconds(2))
                .retry(Backoff.exponential(minute, minute.multipliedBy(15)));
    }

    /** One of the two places, with a limit of its own. */
    static HttpDestination place(String name, URI address, Duration minute) {
        return HttpDestination.to(address.toString())
                .name(name)
                .put("/" + name + "/{id}")
                .delete("/" + name + "/{id}")
                .onStatus(503, FailureKind.notAccepted())
                .limits(Limits.none().atMost(1, minute, GUARD))
                .build();
    }

    /** One of those who are told of each deletion, after its commit and at least once, whatever crashes. */
    static ChangeHandler<Item> onDeletion(String name, LongConsumer listener) {
        return ChangeHandler.onChange(name, Item.class, change -> {
            if (change.kind() == ChangeKind.DELETE) {
                listener.accept(change.id(Long.class));
            }
        });
    }
}
