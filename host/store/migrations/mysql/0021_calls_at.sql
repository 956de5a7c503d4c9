-- The old ones.
CREATE INDEX swingbridge_calls_at ON swingbridge_calls (at)
