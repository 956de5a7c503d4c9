-- The replicas of the bridge. A beat that stands still is a replica that is gone.
CREATE TABLE IF NOT EXISTS swingbridge_replicas (
    id           VARCHAR(255) COLLATE "C" NOT NULL PRIMARY KEY,
    base_url     VARCHAR(2048) COLLATE "C" NOT NULL,
    version      VARCHAR(255) COLLATE "C" NOT NULL,
    beat         BIGINT NOT NULL,
    started_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    ready        BIGINT NOT NULL
)
