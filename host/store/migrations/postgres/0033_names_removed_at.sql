-- The revision of a name's last row when that was removed.
ALTER TABLE swingbridge_names ADD COLUMN IF NOT EXISTS removed_at BIGINT NOT NULL DEFAULT 0
