-- The replica that took a request in.
ALTER TABLE swingbridge_requests ADD COLUMN replica VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT ''
