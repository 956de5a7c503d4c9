-- How full the ring is, without reading what is in it.
CREATE INDEX IF NOT EXISTS swingbridge_records_size ON swingbridge_records (id, size)
