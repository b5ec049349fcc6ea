-- A case on several devices: each has a link of its own, which a short code makes.
CREATE TABLE further_link (
    -- SHA-256 of the secret in the link, in hexadecimal digits
    link       TEXT    NOT NULL PRIMARY KEY,
    case_id    BIGINT  NOT NULL
);
CREATE INDEX further_link_by_case ON further_link (case_id);

CREATE TABLE move_code (
    -- SHA-256 of the code
    code       TEXT    NOT NULL PRIMARY KEY,
    case_id    BIGINT  NOT NULL,
    -- in seconds since 1970 UTC
    until      BIGINT  NOT NULL
);
CREATE INDEX move_code_by_case ON move_code (case_id);
