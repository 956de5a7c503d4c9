-- The secrets of an account, to end with it.
CREATE INDEX swingbridge_secrets_account ON swingbridge_secrets (account)
