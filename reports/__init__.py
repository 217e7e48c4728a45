"""Pages for people: facts of a published night as self-contained HTML, the same bytes for the same facts."""
