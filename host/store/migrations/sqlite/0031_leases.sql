-- Who may do what only one may. The fence moves with every holder, the beat for as long as he lives.
CREATE TABLE IF NOT EXISTS swingbridge_leases (
    name   VARCHAR(32) NOT NULL PRIMARY KEY,
    holder VARCHAR(255) NOT NULL,
    fence  BIGINT NOT NULL,
    beat   BIGINT NOT NULL
)
