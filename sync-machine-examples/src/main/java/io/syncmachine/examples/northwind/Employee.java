package io.syncmachine.examples.northwind;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import org.jspecify.annotations.Nullable;

/** An employee. Orders tell the name only; the notes are nobody else's business. */
@Entity
@Table(name = "employees")
public class Employee {

    @Id
    private Short employeeId;

    private String firstName;
    private String lastName;
    private @Nullable String notes;

    /** For Hibernate, which fills the fields afterwards. */
    @SuppressWarnings("NullAway.Init")
    protected Employee() {}

    public Short getEmployeeId() {
        return employeeId;
    }

    public String getFullName() {
        return firstName + " " + lastName;
    }

    public void setNotes(String notes) {
        this.notes = notes;
    }

    public @Nullable String getNotes() {
        return notes;
    }
}
