-- Keys of requests that callers may repeat (Idempotency-Key), for a day. The id is a hash of caller, place and key.
CREATE TABLE IF NOT EXISTS swingbridge_keys (
    id          VARCHAR(64) NOT NULL PRIMARY KEY,
    fingerprint VARCHAR(64) NOT NULL,
    request     VARCHAR(26) NOT NULL,
    at          BIGINT      NOT NULL
)
