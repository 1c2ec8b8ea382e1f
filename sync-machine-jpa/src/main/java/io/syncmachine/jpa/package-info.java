/** Entities mapped with JPA, on Hibernate ORM 6.6 to 7.4: start with {@link io.syncmachine.jpa.JpaEntities}. */
@NullMarked
package io.syncmachine.jpa;

import org.jspecify.annotations.NullMarked;
