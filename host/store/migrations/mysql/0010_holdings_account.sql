-- What is known of an account.
CREATE INDEX swingbridge_holdings_account ON swingbridge_holdings (account, agent)
