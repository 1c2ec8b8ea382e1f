package io.syncmachine.jpa.enhanced;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;

/** Writes notes. */
@Entity
public class Author {
    @Id
    private Long id;

    private String name;

    public Long getId() {
        return id;
    }

    public void setId(Long id) {
        this.id = id;
    }

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }
}
