package io.syncmachine.event;

import java.util.List;

/**
 * A call of one of the application's functions that is about to be made.
 *
 * @param hook which function
 * @param machine the name of the machine or handler
 * @param tenant on whose behalf
 * @param entityType the declared name of the entity that it is given
 * @param id the encoded id of that entity
 * @param causes the first few of the changes that led to it
 */
public record HookCall(Hook hook, String machine, String tenant, String entityType, String id, List<Cause> causes) {}
