-- Sealed values. The row with the reference "check" tells whether a key is the right one.
CREATE TABLE IF NOT EXISTS swingbridge_secrets (
    reference VARCHAR(255) COLLATE "C" NOT NULL PRIMARY KEY,
    account   VARCHAR(255) COLLATE "C" NOT NULL,
    sealed    TEXT                     NOT NULL,
    at        BIGINT                   NOT NULL
)
