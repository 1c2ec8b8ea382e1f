package io.syncmachine.examples.thirdparty;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.time.Instant;

/** When the next fetch is due, for all nodes. */
@Entity
public class FetchMark {

    static final Long THE_ONE = 1L;

    @Id
    private Long id = THE_ONE;

    private Instant due = Instant.EPOCH;

    public Long getId() {
        return id;
    }

    public Instant getDue() {
        return due;
    }

    public void setDue(Instant due) {
        this.due = due;
    }
}
