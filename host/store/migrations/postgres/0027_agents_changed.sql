-- The count of all changes of agents' rows when this one changed last.
ALTER TABLE swingbridge_agents ADD COLUMN IF NOT EXISTS changed BIGINT NOT NULL DEFAULT 0
