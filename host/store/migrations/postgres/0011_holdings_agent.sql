-- What is known of an agent.
CREATE INDEX IF NOT EXISTS swingbridge_holdings_agent ON swingbridge_holdings (agent, account)
