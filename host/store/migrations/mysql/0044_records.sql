-- Recorded calls of modules: a ring, the oldest go. The body is the record, as gzip of its JSON.
CREATE TABLE IF NOT EXISTS swingbridge_records (
    id       VARCHAR(26)  NOT NULL PRIMARY KEY,
    at       BIGINT       NOT NULL,
    slot     VARCHAR(255) NOT NULL,
    module   VARCHAR(80)  NOT NULL,
    export   VARCHAR(32)  NOT NULL,
    outcome  VARCHAR(32)  NOT NULL,
    took_us  BIGINT       NOT NULL,
    size     BIGINT       NOT NULL,
    accounts LONGTEXT     NOT NULL,
    body     LONGBLOB     NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
