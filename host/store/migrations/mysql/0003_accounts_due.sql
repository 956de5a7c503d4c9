-- What is due.
CREATE INDEX kubesvc_accounts_due ON kubesvc_accounts (due_at, name)
