@NullMarked
package io.syncmachine.examples.support;

import org.jspecify.annotations.NullMarked;
