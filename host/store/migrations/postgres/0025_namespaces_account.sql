-- The namespaces of an account.
CREATE INDEX IF NOT EXISTS swingbridge_namespaces_account ON swingbridge_namespaces (account, agent)
