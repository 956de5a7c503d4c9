-- Why the cluster of a held account does not answer as it should, for programs.
ALTER TABLE swingbridge_holdings ADD COLUMN IF NOT EXISTS health_code VARCHAR(255) COLLATE "C"
