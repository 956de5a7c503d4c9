-- How it went for each account of a request. The id is the request, a slash, the account.
CREATE TABLE IF NOT EXISTS swingbridge_request_items (
    id       VARCHAR(282) NOT NULL PRIMARY KEY,
    request  VARCHAR(26)  NOT NULL,
    name     VARCHAR(255) NOT NULL,
    outcome  VARCHAR(32)  NOT NULL,
    state    VARCHAR(32),
    code     VARCHAR(255),
    text     LONGTEXT,
    possible LONGTEXT     NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
