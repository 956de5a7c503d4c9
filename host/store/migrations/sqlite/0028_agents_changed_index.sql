-- What has changed since.
CREATE INDEX IF NOT EXISTS swingbridge_agents_changed ON swingbridge_agents (changed)
