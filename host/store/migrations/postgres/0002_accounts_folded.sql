-- Two names that differ only by case may not both exist.
CREATE UNIQUE INDEX IF NOT EXISTS kubesvc_accounts_folded ON kubesvc_accounts (name_folded)
