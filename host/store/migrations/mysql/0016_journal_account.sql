-- The history of an account.
CREATE INDEX swingbridge_journal_account ON swingbridge_journal (account, id)
