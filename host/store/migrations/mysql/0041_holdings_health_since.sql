-- Since when it answers, or does not.
ALTER TABLE swingbridge_holdings ADD COLUMN health_since BIGINT
