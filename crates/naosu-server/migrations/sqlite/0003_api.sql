-- Programs that use the API, and programs that are told what happens.
CREATE TABLE api_token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL,
    -- helper, administrator
    role       TEXT    NOT NULL,
    -- SHA-256 of the token, in hexadecimal digits
    digest     TEXT    NOT NULL UNIQUE,
    made_at    BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL
);

CREATE TABLE webhook (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    url        TEXT    NOT NULL,
    -- base64 of the key that deliveries are signed with
    secret     TEXT    NOT NULL,
    -- names of events with a space between
    events     TEXT    NOT NULL,
    made_at    BIGINT  NOT NULL,
    -- 1 while it is delivered to
    active     BIGINT  NOT NULL,
    -- attempts that failed since the last that did not
    failures   BIGINT  NOT NULL,
    last_at    BIGINT,
    -- how the last attempt ended: a status, or a word
    last_end   TEXT
);

-- what is still to be delivered; written in the transaction of what it tells about
CREATE TABLE delivery (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook    BIGINT  NOT NULL,
    message    TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    attempts   BIGINT  NOT NULL,
    due_at     BIGINT  NOT NULL
);
CREATE INDEX delivery_by_due ON delivery (due_at, id);
CREATE INDEX delivery_by_webhook ON delivery (webhook);
