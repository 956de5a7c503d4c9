-- The bytes of modules, in parts, as base64. The id is the digest, a slash, the part.
CREATE TABLE IF NOT EXISTS swingbridge_modules (
    id     VARCHAR(96) NOT NULL PRIMARY KEY,
    digest VARCHAR(80) NOT NULL,
    part   BIGINT NOT NULL,
    parts  BIGINT NOT NULL,
    bytes  LONGTEXT NOT NULL,
    at     BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
