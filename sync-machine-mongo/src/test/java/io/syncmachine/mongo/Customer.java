package io.syncmachine.mongo;

import org.bson.codecs.pojo.annotations.BsonId;

/** A customer. Public, for the driver to read it. */
public record Customer(@BsonId Long id, String firstName, String lastName) {}
