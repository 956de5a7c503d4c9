-- What is due.
CREATE INDEX IF NOT EXISTS kubesvc_accounts_due ON kubesvc_accounts (due_at, name)
