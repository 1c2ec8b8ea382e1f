package io.syncmachine.examples.thirdparty;

/** What the south holds of an item. */
record SouthArticle(String article, String title) {}
