-- The units that were applied in the last hour, to settle a lost answer to COMMIT.
CREATE TABLE IF NOT EXISTS swingbridge_calls (
    id VARCHAR(26) NOT NULL PRIMARY KEY,
    at BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
