-- Who may sign in at the desk, and what they leave with a case.
CREATE TABLE helper (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- as it is compared: lower case, no spaces around it
    name       TEXT    NOT NULL UNIQUE,
    -- helper, administrator
    role       TEXT    NOT NULL,
    -- a PHC string: Argon2id with its parameters and salt
    password   TEXT    NOT NULL,
    made_at    BIGINT  NOT NULL
);

CREATE TABLE session (
    -- SHA-256 of the secret in the cookie, in hexadecimal digits
    secret     TEXT    NOT NULL PRIMARY KEY,
    helper     BIGINT  NOT NULL,
    began_at   BIGINT  NOT NULL,
    seen_at    BIGINT  NOT NULL
);
CREATE INDEX session_by_helper ON session (helper);

CREATE TABLE note (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id    BIGINT  NOT NULL,
    helper     BIGINT  NOT NULL,
    -- the name stays readable when the helper is gone
    name       TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    text       TEXT    NOT NULL
);
CREATE INDEX note_by_case ON note (case_id, id);

-- events that a helper entered for the person
CREATE TABLE by_helper (
    case_id    BIGINT  NOT NULL,
    sequence   BIGINT  NOT NULL,
    name       TEXT    NOT NULL,
    PRIMARY KEY (case_id, sequence)
);

-- deleting a case removes its words
CREATE INDEX term_by_case ON term (case_id);

-- A list reads one of two orders and drops what does not fit without touching the table: any mix of filters costs at
-- most one pass over an index, and none costs a page.
DROP INDEX case_by_last;
DROP INDEX case_by_state;
DROP INDEX case_by_cause;
DROP INDEX case_by_holder;
CREATE INDEX case_by_last ON case_file (last_at DESC, id DESC, state, cause, device, service, holder, opened_at);
CREATE INDEX case_by_opening ON case_file (opened_at DESC, id DESC, state, cause, device, service, holder);
