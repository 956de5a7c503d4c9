-- The same, for people.
ALTER TABLE swingbridge_holdings ADD COLUMN health_text LONGTEXT
