-- The old ones.
CREATE INDEX IF NOT EXISTS swingbridge_calls_at ON swingbridge_calls (at)
