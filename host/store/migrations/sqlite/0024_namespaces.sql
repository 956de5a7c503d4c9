-- What agents see of their clusters. The id is the account, a slash, the agent.
CREATE TABLE IF NOT EXISTS swingbridge_namespaces (
    id         VARCHAR(511) NOT NULL PRIMARY KEY,
    account    VARCHAR(255) NOT NULL,
    agent      VARCHAR(255) NOT NULL,
    namespaces TEXT         NOT NULL
)
