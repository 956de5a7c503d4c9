-- What the agent saw of the cluster that it was asked to check.
ALTER TABLE swingbridge_operations ADD COLUMN sight LONGTEXT
