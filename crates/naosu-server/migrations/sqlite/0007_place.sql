-- The name of this server in the world's calendars, made once.
CREATE TABLE place (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    name TEXT NOT NULL
);
