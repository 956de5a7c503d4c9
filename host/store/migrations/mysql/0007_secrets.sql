-- Sealed values. The row with the reference "check" tells whether a key is the right one.
CREATE TABLE IF NOT EXISTS swingbridge_secrets (
    reference VARCHAR(255) NOT NULL PRIMARY KEY,
    account   VARCHAR(255) NOT NULL,
    sealed    LONGTEXT     NOT NULL,
    at        BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
