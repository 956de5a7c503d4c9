-- What agents see of their clusters. The id is the account, a slash, the agent.
CREATE TABLE IF NOT EXISTS swingbridge_namespaces (
    id         VARCHAR(511) NOT NULL PRIMARY KEY,
    account    VARCHAR(255) NOT NULL,
    agent      VARCHAR(255) NOT NULL,
    namespaces LONGTEXT     NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
