@NullMarked
package io.syncmachine.examples.ordersync;

import org.jspecify.annotations.NullMarked;
