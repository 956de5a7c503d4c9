-- Which module serves in a slot, and the count of its swaps.
CREATE TABLE IF NOT EXISTS swingbridge_slots (
    slot       VARCHAR(32) NOT NULL PRIMARY KEY,
    digest     VARCHAR(80) NOT NULL,
    generation BIGINT      NOT NULL,
    at         BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
