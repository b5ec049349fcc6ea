-- Sign-ins through this server, so that nobody can have a stranger's account locked by it.
CREATE TABLE sign_in_budget (
    -- keyed digest of the user name with its domain
    account    TEXT    NOT NULL PRIMARY KEY,
    -- the last three runs that signed in, in seconds since 1970 UTC; 0 where there were fewer
    latest     BIGINT  NOT NULL,
    second     BIGINT  NOT NULL,
    third      BIGINT  NOT NULL,
    -- 1 when the password of the last one was refused
    refused    BIGINT  NOT NULL
);
CREATE INDEX sign_in_by_latest ON sign_in_budget (latest);

-- the key of those digests
CREATE TABLE sign_in_key (
    id         BIGINT  NOT NULL PRIMARY KEY,
    secret     TEXT    NOT NULL
);
