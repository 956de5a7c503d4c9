-- What has changed since.
CREATE INDEX swingbridge_agents_changed ON swingbridge_agents (changed)
