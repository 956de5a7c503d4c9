-- What nobody has been sent yet.
CREATE INDEX IF NOT EXISTS swingbridge_operations_unsent ON swingbridge_operations (state, attempts, agent)
