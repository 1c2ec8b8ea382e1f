package io.syncmachine.jpa.enhanced;

import jakarta.persistence.Basic;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import org.hibernate.annotations.LazyGroup;

/** Has attributes that are loaded when they are asked for, once Hibernate has enhanced the class. */
@Entity
public class Note {
    @Id
    private Long id;

    private String title;

    @Basic(fetch = FetchType.LAZY)
    private String text;

    @ManyToOne(fetch = FetchType.LAZY)
    private Author author;

    @ManyToOne(fetch = FetchType.LAZY)
    @LazyGroup("editor")
    private Author editor;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(referencedColumnName = "code")
    private Author reviewer;

    public Long getId() {
        return id;
    }

    public void setId(Long id) {
        this.id = id;
    }

    public String getTitle() {
        return title;
    }

    public void setTitle(String title) {
        this.title = title;
    }

    public String getText() {
        return text;
    }

    public void setText(String text) {
        this.text = text;
    }

    public Author getAuthor() {
        return author;
    }

    public void setAuthor(Author author) {
        this.author = author;
    }

    public Author getEditor() {
        return editor;
    }

    public void setEditor(Author editor) {
        this.editor = editor;
    }

    public Author getReviewer() {
        return reviewer;
    }

    public void setReviewer(Author reviewer) {
        this.reviewer = reviewer;
    }
}
