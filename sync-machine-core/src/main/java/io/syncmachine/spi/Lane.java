package io.syncmachine.spi;

/** In which line a job waits. Those in the background are handed out only where no live one of their machine and tenant is due. */
public enum Lane {
    /** Something changed. */
    LIVE,
    /** A whole stock is being gone through. */
    BACKGROUND
}
