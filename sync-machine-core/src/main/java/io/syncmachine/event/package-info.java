/** What an engine tells those who watch it. */
@NullMarked
package io.syncmachine.event;

import org.jspecify.annotations.NullMarked;
