-- What callers asked.
CREATE TABLE IF NOT EXISTS swingbridge_requests (
    id         VARCHAR(26) COLLATE "C"  NOT NULL PRIMARY KEY,
    action     VARCHAR(32) COLLATE "C"  NOT NULL,
    who        VARCHAR(512) COLLATE "C" NOT NULL,
    created_at BIGINT                   NOT NULL,
    total      BIGINT                   NOT NULL
)
