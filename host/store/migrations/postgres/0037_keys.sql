-- Keys of requests that callers may repeat (Idempotency-Key), for a day. The id is a hash of caller, place and key.
CREATE TABLE IF NOT EXISTS swingbridge_keys (
    id          VARCHAR(64) COLLATE "C" NOT NULL PRIMARY KEY,
    fingerprint VARCHAR(64) COLLATE "C" NOT NULL,
    request     VARCHAR(26) COLLATE "C" NOT NULL,
    at          BIGINT      NOT NULL
)
