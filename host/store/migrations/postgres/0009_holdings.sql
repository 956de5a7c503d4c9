-- What is known of each agent and account. The id is the account, a slash, the agent.
CREATE TABLE IF NOT EXISTS swingbridge_holdings (
    id           VARCHAR(511) COLLATE "C" NOT NULL PRIMARY KEY,
    account      VARCHAR(255) COLLATE "C" NOT NULL,
    agent        VARCHAR(255) COLLATE "C" NOT NULL,
    revision     BIGINT                   NOT NULL,
    instance     VARCHAR(255) COLLATE "C" NOT NULL,
    observed     VARCHAR(32) COLLATE "C"  NOT NULL,
    configured   BIGINT                   NOT NULL,
    healthy      BIGINT,
    detail       TEXT                     NOT NULL,
    last_updated BIGINT                   NOT NULL
)
