/**
 * Invoices whose totals and documents follow what others change with plain SQL: triggers see it, a handler recomputes the totals, a machine
 * publishes. {@link InvoiceTotals} is what an application would write.
 */
@NullMarked
package io.syncmachine.examples.invoicetotals;

import org.jspecify.annotations.NullMarked;
