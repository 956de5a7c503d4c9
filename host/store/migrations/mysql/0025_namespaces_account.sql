-- The namespaces of an account.
CREATE INDEX swingbridge_namespaces_account ON swingbridge_namespaces (account, agent)
