-- What an agent is to be sent.
CREATE INDEX swingbridge_operations_agent ON swingbridge_operations (agent, state, id)
