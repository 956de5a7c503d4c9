-- What agents see of their clusters. The id is the account, a slash, the agent.
CREATE TABLE IF NOT EXISTS swingbridge_namespaces (
    id         VARCHAR(511) COLLATE "C" NOT NULL PRIMARY KEY,
    account    VARCHAR(255) COLLATE "C" NOT NULL,
    agent      VARCHAR(255) COLLATE "C" NOT NULL,
    namespaces TEXT                     NOT NULL
)
