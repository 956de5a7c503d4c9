-- Held accounts whose cluster does not answer as it should; most rows have no code.
CREATE INDEX IF NOT EXISTS swingbridge_holdings_unhealthy ON swingbridge_holdings (health_code, agent)
