-- Lists of a state.
CREATE INDEX IF NOT EXISTS kubesvc_accounts_status ON kubesvc_accounts (status, name)
