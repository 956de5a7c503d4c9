-- The operation generations of names; outlives the accounts.
CREATE TABLE IF NOT EXISTS swingbridge_names (
    name       VARCHAR(255) COLLATE "C" NOT NULL PRIMARY KEY,
    generation BIGINT                   NOT NULL
)
