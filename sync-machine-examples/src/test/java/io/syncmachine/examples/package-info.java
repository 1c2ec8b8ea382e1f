@NullMarked
package io.syncmachine.examples;

import org.jspecify.annotations.NullMarked;
