-- Two names that differ only by case may not both exist.
CREATE UNIQUE INDEX kubesvc_accounts_folded ON kubesvc_accounts (name_folded)
