-- The program that the module of a slot came with, as a number that later programs have greater.
ALTER TABLE swingbridge_slots ADD COLUMN program BIGINT NOT NULL DEFAULT 0
