-- What is known of an account.
CREATE INDEX IF NOT EXISTS swingbridge_holdings_account ON swingbridge_holdings (account, agent)
