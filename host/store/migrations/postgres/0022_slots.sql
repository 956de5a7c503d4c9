-- Which module serves in a slot, and the count of its swaps.
CREATE TABLE IF NOT EXISTS swingbridge_slots (
    slot       VARCHAR(32) COLLATE "C" NOT NULL PRIMARY KEY,
    digest     VARCHAR(80) COLLATE "C" NOT NULL,
    generation BIGINT                  NOT NULL,
    at         BIGINT                  NOT NULL
)
