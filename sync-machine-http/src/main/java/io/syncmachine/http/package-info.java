/**
 * Publications sent by HTTP: start with {@link io.syncmachine.http.HttpDestination}. What it sends goes through an
 * {@link io.syncmachine.http.HttpTransport}, on Apache HttpClient or {@code java.net.http}.
 */
@NullMarked
package io.syncmachine.http;

import org.jspecify.annotations.NullMarked;
