-- What is known of an agent.
CREATE INDEX swingbridge_holdings_agent ON swingbridge_holdings (agent, account)
