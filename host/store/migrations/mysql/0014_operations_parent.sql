-- What was sent for a request.
CREATE INDEX swingbridge_operations_parent ON swingbridge_operations (parent, id)
