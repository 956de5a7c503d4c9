-- The bytes of modules, in parts, as base64. The id is the digest, a slash, the part.
CREATE TABLE IF NOT EXISTS swingbridge_modules (
    id     VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    digest VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    part   BIGINT NOT NULL,
    parts  BIGINT NOT NULL,
    bytes  MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    at     BIGINT NOT NULL
)
