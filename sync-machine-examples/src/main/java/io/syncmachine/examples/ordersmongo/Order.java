package io.syncmachine.examples.ordersmongo;

import org.bson.codecs.pojo.annotations.BsonId;
import org.bson.types.ObjectId;

/** An order: the subject, whose document the API holds. */
public record Order(@BsonId Long id, ObjectId customerId, String status) {}
