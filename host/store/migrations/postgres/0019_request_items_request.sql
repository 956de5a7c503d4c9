-- The items of a request, by name.
CREATE INDEX IF NOT EXISTS swingbridge_request_items_request ON swingbridge_request_items (request, name)
