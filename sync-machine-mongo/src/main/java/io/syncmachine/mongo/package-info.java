/**
 * MongoDB: {@link io.syncmachine.mongo.MongoEntities} are documents as entities, whose changes come from change streams; {@link
 * io.syncmachine.mongo.MongoStore} is a whole store. Each can be had without the other. MongoDB 6.0 or newer, as a replica set or sharded
 * cluster; the client is the application's own.
 */
@NullMarked
package io.syncmachine.mongo;

import org.jspecify.annotations.NullMarked;
