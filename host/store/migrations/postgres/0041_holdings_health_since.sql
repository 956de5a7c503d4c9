-- Since when it answers, or does not.
ALTER TABLE swingbridge_holdings ADD COLUMN IF NOT EXISTS health_since BIGINT
