-- Why the cluster of a held account does not answer as it should, for programs.
ALTER TABLE swingbridge_holdings ADD COLUMN health_code VARCHAR(255)
