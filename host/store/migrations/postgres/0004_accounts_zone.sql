-- Which accounts an agent of a zone is concerned with.
CREATE INDEX IF NOT EXISTS kubesvc_accounts_zone ON kubesvc_accounts (zone_id, name)
