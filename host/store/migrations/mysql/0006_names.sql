-- The operation generations of names; outlives the accounts.
CREATE TABLE IF NOT EXISTS swingbridge_names (
    name       VARCHAR(255) NOT NULL PRIMARY KEY,
    generation BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
