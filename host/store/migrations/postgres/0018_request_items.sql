-- How it went for each account of a request. The id is the request, a slash, the account.
CREATE TABLE IF NOT EXISTS swingbridge_request_items (
    id       VARCHAR(282) COLLATE "C" NOT NULL PRIMARY KEY,
    request  VARCHAR(26) COLLATE "C"  NOT NULL,
    name     VARCHAR(255) COLLATE "C" NOT NULL,
    outcome  VARCHAR(32) COLLATE "C"  NOT NULL,
    state    VARCHAR(32) COLLATE "C",
    code     VARCHAR(255) COLLATE "C",
    text     TEXT,
    possible TEXT                     NOT NULL
)
