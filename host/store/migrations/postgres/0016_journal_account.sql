-- The history of an account.
CREATE INDEX IF NOT EXISTS swingbridge_journal_account ON swingbridge_journal (account, id)
