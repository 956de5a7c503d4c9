-- Recorded calls of modules: a ring, the oldest go. The body is the record, as gzip of its JSON.
CREATE TABLE IF NOT EXISTS swingbridge_records (
    id       VARCHAR(26) COLLATE "C"  NOT NULL PRIMARY KEY,
    at       BIGINT                   NOT NULL,
    slot     VARCHAR(255) COLLATE "C" NOT NULL,
    module   VARCHAR(80) COLLATE "C"  NOT NULL,
    export   VARCHAR(32) COLLATE "C"  NOT NULL,
    outcome  VARCHAR(32) COLLATE "C"  NOT NULL,
    took_us  BIGINT                   NOT NULL,
    size     BIGINT                   NOT NULL,
    accounts TEXT                     NOT NULL,
    body     BYTEA                    NOT NULL
)
