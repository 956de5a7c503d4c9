-- What was sent for a request.
CREATE INDEX IF NOT EXISTS swingbridge_operations_parent ON swingbridge_operations (parent, id)
