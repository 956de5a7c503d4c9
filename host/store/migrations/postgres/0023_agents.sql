-- The last word about every agent.
CREATE TABLE IF NOT EXISTS swingbridge_agents (
    id             VARCHAR(255) COLLATE "C" NOT NULL PRIMARY KEY,
    instance       VARCHAR(255) COLLATE "C" NOT NULL,
    zone           VARCHAR(255) COLLATE "C" NOT NULL,
    session        VARCHAR(255) COLLATE "C" NOT NULL,
    presence       VARCHAR(32) COLLATE "C"  NOT NULL,
    presence_since BIGINT                   NOT NULL,
    last_seen      BIGINT                   NOT NULL,
    settled        VARCHAR(32) COLLATE "C"  NOT NULL,
    version        VARCHAR(255) COLLATE "C" NOT NULL,
    replica        VARCHAR(255) COLLATE "C" NOT NULL
)
