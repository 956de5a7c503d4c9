-- Which agent holds which account, under the original's name and columns. Nothing is written twice: it is a view.
CREATE OR REPLACE VIEW kubesvc_assignments AS
SELECT h.id AS id,
       h.account AS account_name,
       h.agent AS agent_id,
       a.replica AS cd_id,
       CASE WHEN a.presence = 'connected' THEN 1 ELSE 0 END AS connections,
       CASE WHEN h.observed = 'held' THEN 1 ELSE 0 END AS caching,
       h.healthy AS reachable,
       h.last_updated AS last_updated
FROM swingbridge_holdings h
JOIN swingbridge_agents a ON a.id = h.agent
WHERE h.observed <> 'not-held'
