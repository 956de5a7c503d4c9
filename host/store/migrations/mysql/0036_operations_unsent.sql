-- What nobody has been sent yet.
CREATE INDEX swingbridge_operations_unsent ON swingbridge_operations (state, attempts, agent)
