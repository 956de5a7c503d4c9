-- The old ones.
CREATE INDEX swingbridge_keys_at ON swingbridge_keys (at)
