package io.syncmachine.simulation;

/** What can go wrong. */
enum Fault {
    /** A node dies, before or after any call of a port; or while it is calling the API. */
    CRASH,
    /** A node stands still for longer than its leases. */
    PAUSE,
    /** A node is stopped as it should be, and started again. */
    RESTART,
    /** A node cannot reach the store for a while. */
    PARTITION_FROM_STORE,
    /** A node cannot reach the API for a while. */
    PARTITION_FROM_API,
    /** A job is handed out twice. */
    DELIVERED_TWICE,
    /** Jobs or changes are handed out in another order. */
    DELIVERED_OUT_OF_ORDER,
    /** A job is handed out late, also after its lease has ended. */
    DELIVERED_LATE,
    /** A call of a store is not applied, and fails. */
    STORE_ABORTED,
    /** A transaction of the application is rolled back. */
    TRANSACTION_ABORTED,
    /** A call of a store is applied, but fails for who called. */
    COMMITTED_BUT_ERROR,
    /** The lease store forgets all leases. */
    LEASES_FORGOTTEN,
    /** The lease store grants what another holds. */
    LEASES_LIED,
    /** The store of jobs forgets all jobs. */
    JOBS_FORGOTTEN,
    /** The limiter forgets what it has granted. */
    LIMITS_FORGOTTEN,
    /** A node's clock is wrong by up to 30 seconds. */
    CLOCK_SKEW,
    /** The API never gets a call. */
    API_REQUEST_LOST,
    /** The API applies a call, but its answer is lost. */
    API_ANSWER_LOST,
    /** The API applies a call after its caller got an error. */
    API_APPLIES_LATE,
    /** The API answers after the deadline. */
    API_ANSWERS_LATE,
    /** The API asks to come again later. */
    API_THROTTLES,
    /** The API answers that it has not applied a call. */
    API_NOT_ACCEPTED,
    /** The API refuses a document for good. */
    API_REJECTS,
    /** Nodes with different versions of the builder. */
    BUILDER_VERSIONS_MIXED,
    /** A wake-up does not arrive. */
    WAKE_UP_LOST,
    /** Entities cannot be read. */
    READ_FAILED,
    /** The builder fails. */
    BUILD_FAILED
}
