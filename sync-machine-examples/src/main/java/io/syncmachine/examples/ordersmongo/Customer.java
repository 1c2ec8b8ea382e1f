package io.syncmachine.examples.ordersmongo;

import org.bson.codecs.pojo.annotations.BsonId;
import org.bson.types.ObjectId;

/** A customer. Knows nothing of her orders: she may have a great many. */
public record Customer(@BsonId ObjectId id, String name, Address address) {}
