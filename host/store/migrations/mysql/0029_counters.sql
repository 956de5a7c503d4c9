-- Counts that only grow.
CREATE TABLE IF NOT EXISTS swingbridge_counters (
    name  VARCHAR(32) NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
