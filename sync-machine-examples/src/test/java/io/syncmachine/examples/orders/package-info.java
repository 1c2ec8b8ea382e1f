@NullMarked
package io.syncmachine.examples.orders;

import org.jspecify.annotations.NullMarked;
