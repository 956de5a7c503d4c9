-- Counts that only grow.
CREATE TABLE IF NOT EXISTS swingbridge_counters (
    name  VARCHAR(32) COLLATE "C" NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
)
