-- What happened to accounts, one row a step; stays when they are gone.
CREATE TABLE IF NOT EXISTS swingbridge_journal (
    id         VARCHAR(26)  NOT NULL PRIMARY KEY,
    at         BIGINT       NOT NULL,
    account    VARCHAR(255) NOT NULL,
    from_state VARCHAR(32),
    to_state   VARCHAR(32),
    event      VARCHAR(64)  NOT NULL,
    reason     LONGTEXT     NOT NULL,
    who        VARCHAR(512) NOT NULL,
    request    VARCHAR(26),
    operation  VARCHAR(26),
    module     VARCHAR(80)  NOT NULL,
    revision   BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
