-- The units that were applied in the last hour, to settle a lost answer to COMMIT.
CREATE TABLE IF NOT EXISTS swingbridge_calls (
    id VARCHAR(26) COLLATE "C" NOT NULL PRIMARY KEY,
    at BIGINT                  NOT NULL
)
