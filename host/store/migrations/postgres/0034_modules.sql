-- The bytes of modules, in parts, as base64. The id is the digest, a slash, the part.
CREATE TABLE IF NOT EXISTS swingbridge_modules (
    id     VARCHAR(96) COLLATE "C" NOT NULL PRIMARY KEY,
    digest VARCHAR(80) COLLATE "C" NOT NULL,
    part   BIGINT NOT NULL,
    parts  BIGINT NOT NULL,
    bytes  TEXT NOT NULL,
    at     BIGINT NOT NULL
)
