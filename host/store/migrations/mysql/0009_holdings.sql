-- What is known of each agent and account. The id is the account, a slash, the agent.
CREATE TABLE IF NOT EXISTS swingbridge_holdings (
    id           VARCHAR(511) NOT NULL PRIMARY KEY,
    account      VARCHAR(255) NOT NULL,
    agent        VARCHAR(255) NOT NULL,
    revision     BIGINT       NOT NULL,
    instance     VARCHAR(255) NOT NULL,
    observed     VARCHAR(32)  NOT NULL,
    configured   BIGINT       NOT NULL,
    healthy      BIGINT,
    detail       LONGTEXT     NOT NULL,
    last_updated BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
