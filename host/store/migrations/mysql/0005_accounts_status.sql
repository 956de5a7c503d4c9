-- Lists of a state.
CREATE INDEX kubesvc_accounts_status ON kubesvc_accounts (status, name)
