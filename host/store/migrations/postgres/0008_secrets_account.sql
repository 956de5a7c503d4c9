-- The secrets of an account, to end with it.
CREATE INDEX IF NOT EXISTS swingbridge_secrets_account ON swingbridge_secrets (account)
