-- The last word about every agent.
CREATE TABLE IF NOT EXISTS swingbridge_agents (
    id             VARCHAR(255) NOT NULL PRIMARY KEY,
    instance       VARCHAR(255) NOT NULL,
    zone           VARCHAR(255) NOT NULL,
    session        VARCHAR(255) NOT NULL,
    presence       VARCHAR(32)  NOT NULL,
    presence_since BIGINT       NOT NULL,
    last_seen      BIGINT       NOT NULL,
    settled        VARCHAR(32)  NOT NULL,
    version        VARCHAR(255) NOT NULL,
    replica        VARCHAR(255) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
