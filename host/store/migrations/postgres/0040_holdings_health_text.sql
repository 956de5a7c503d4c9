-- The same, for people.
ALTER TABLE swingbridge_holdings ADD COLUMN IF NOT EXISTS health_text TEXT
