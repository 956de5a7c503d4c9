-- What an agent is to be sent.
CREATE INDEX IF NOT EXISTS swingbridge_operations_agent ON swingbridge_operations (agent, state, id)
