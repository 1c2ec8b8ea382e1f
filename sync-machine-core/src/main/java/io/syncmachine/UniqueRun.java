package io.syncmachine;

import java.time.Instant;

/**
 * A run that is under way, for which another was refused: see {@link SyncEngine#runUnique}.
 *
 * @param node the name of the engine whose node runs it
 * @param since when it began, by that node's clock
 */
public record UniqueRun(String node, Instant since) {}
