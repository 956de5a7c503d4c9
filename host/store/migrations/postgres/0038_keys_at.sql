-- The old ones.
CREATE INDEX IF NOT EXISTS swingbridge_keys_at ON swingbridge_keys (at)
