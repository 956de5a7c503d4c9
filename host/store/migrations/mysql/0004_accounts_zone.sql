-- Which accounts an agent of a zone is concerned with.
CREATE INDEX kubesvc_accounts_zone ON kubesvc_accounts (zone_id, name)
