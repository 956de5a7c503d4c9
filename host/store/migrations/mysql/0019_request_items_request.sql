-- The items of a request, by name.
CREATE INDEX swingbridge_request_items_request ON swingbridge_request_items (request, name)
