package io.syncmachine.examples.invoicetotals;

import java.math.BigDecimal;

record InvoiceDocument(Long id, String user, BigDecimal total) {}
