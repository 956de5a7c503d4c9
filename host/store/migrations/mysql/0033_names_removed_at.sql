-- The revision of a name's last row when that was removed.
ALTER TABLE swingbridge_names ADD COLUMN removed_at BIGINT NOT NULL DEFAULT 0
