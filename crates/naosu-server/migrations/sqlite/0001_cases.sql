-- What is kept: cases as lists of events, and beside each what lists and searches need of it.
CREATE TABLE case_file (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of the secret in the person's link, in hexadecimal digits
    link       TEXT    NOT NULL UNIQUE,
    opened_at  BIGINT  NOT NULL,
    last_at    BIGINT  NOT NULL,
    -- open, waiting, resolved, unresolved
    state      TEXT    NOT NULL,
    lang       TEXT    NOT NULL,
    -- ids of the taxonomy, 'unknown' where nothing is known
    symptom    TEXT    NOT NULL,
    cause      TEXT    NOT NULL,
    device     TEXT    NOT NULL,
    client     TEXT    NOT NULL,
    service    TEXT    NOT NULL,
    -- steps that the person took
    steps      BIGINT  NOT NULL,
    -- when a wait ends, in seconds since 1970 UTC
    due_at     BIGINT,
    -- the helper who took it over
    holder     BIGINT,
    words      TEXT    NOT NULL
);
CREATE INDEX case_by_last ON case_file (last_at DESC, id DESC);
CREATE INDEX case_by_state ON case_file (state, last_at DESC, id DESC);
CREATE INDEX case_by_cause ON case_file (cause, last_at DESC, id DESC);
CREATE INDEX case_by_holder ON case_file (holder, last_at DESC, id DESC);

CREATE TABLE event (
    case_id    BIGINT  NOT NULL,
    sequence   BIGINT  NOT NULL,
    at         BIGINT  NOT NULL,
    event      TEXT    NOT NULL,
    PRIMARY KEY (case_id, sequence)
);

-- the words of a case for searching: words as typed, pairs of characters where no spaces are written
CREATE TABLE term (
    term       TEXT    NOT NULL,
    case_id    BIGINT  NOT NULL,
    PRIMARY KEY (term, case_id)
);
