package io.syncmachine.examples.support;

import java.io.PrintStream;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * What every example is told.
 *
 * @param api a server to publish to; null for a local one
 * @param database a database to use; null for an embedded one
 * @param out where progress and results go
 */
public record ExampleOptions(@Nullable URI api, Database.@Nullable Access database, PrintStream out) {}
