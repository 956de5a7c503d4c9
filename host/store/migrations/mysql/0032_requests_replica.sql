-- The replica that took a request in.
ALTER TABLE swingbridge_requests ADD COLUMN replica VARCHAR(255) NOT NULL DEFAULT ''
