-- What happened to accounts, one row a step; stays when they are gone.
CREATE TABLE IF NOT EXISTS swingbridge_journal (
    id         VARCHAR(26) COLLATE "C"  NOT NULL PRIMARY KEY,
    at         BIGINT                   NOT NULL,
    account    VARCHAR(255) COLLATE "C" NOT NULL,
    from_state VARCHAR(32) COLLATE "C",
    to_state   VARCHAR(32) COLLATE "C",
    event      VARCHAR(64) COLLATE "C"  NOT NULL,
    reason     TEXT                     NOT NULL,
    who        VARCHAR(512) COLLATE "C" NOT NULL,
    request    VARCHAR(26) COLLATE "C",
    operation  VARCHAR(26) COLLATE "C",
    module     VARCHAR(80) COLLATE "C"  NOT NULL,
    revision   BIGINT                   NOT NULL
)
