-- What callers asked.
CREATE TABLE IF NOT EXISTS swingbridge_requests (
    id         VARCHAR(26)  NOT NULL PRIMARY KEY,
    action     VARCHAR(32)  NOT NULL,
    who        VARCHAR(512) NOT NULL,
    created_at BIGINT       NOT NULL,
    total      BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
