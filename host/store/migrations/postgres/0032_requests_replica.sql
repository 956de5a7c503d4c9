-- The replica that took a request in.
ALTER TABLE swingbridge_requests ADD COLUMN IF NOT EXISTS replica VARCHAR(255) COLLATE "C" NOT NULL DEFAULT ''
