//! Every statement that is not put together from a table's columns, written once for all databases.
//!
//! `?` is a value and `?*` a list. Portable: no RETURNING, no upsert, no row locks, no functions of the database, no
//! `?` in a literal.

/// Columns of an account's row, with the generation of its name; [`crate::tables::account::read`] reads them.
macro_rules! account {
    () => {
        "a.name, a.status, a.revision, a.state_revision, a.definition_revision, a.zone_id, a.declared_by, \
         a.kube_host, a.cert_fingerprint, a.kube_version, a.failed_count, a.error_code, a.error_message, \
         a.state_since, a.due_at, a.requests, a.attributes, n.generation"
    };
}

/// Accounts with the generations of their names.
macro_rules! accounts {
    () => {
        " FROM kubesvc_accounts a LEFT JOIN swingbridge_names n ON n.name = a.name"
    };
}

/// Columns of a holding, with the generation of its name; [`crate::tables::holding::read`] reads them.
macro_rules! holding {
    () => {
        "SELECT h.id, h.account, h.agent, h.revision, h.instance, h.observed, h.configured, h.healthy, \
         h.health_code, h.health_text, COALESCE(h.health_since, h.last_updated), h.detail, n.generation \
         FROM swingbridge_holdings h LEFT JOIN swingbridge_names n ON n.name = h.account"
    };
}

/// Columns of an operation; [`crate::tables::operation::read`] reads them.
macro_rules! operation {
    () => {
        "SELECT id, parent, account, agent, instance, kind, definition_revision, generation, state, not_before, \
         deadline, context, module, data_version, created_at, attempts, sent_at, ended_at, failure_code, \
         failure_text, sight FROM swingbridge_operations"
    };
}

/// Columns of an agent's row; [`crate::tables::agent::read`] reads them.
macro_rules! agent {
    () => {
        "SELECT id, instance, zone, session, presence, presence_since, last_seen, settled, version, replica, changed \
         FROM swingbridge_agents"
    };
}

/// Columns of a journal row; [`crate::tables::journal::read`] reads them.
macro_rules! journal {
    () => {
        "SELECT id, at, account, from_state, to_state, event, reason, who, request, operation, module, revision \
         FROM swingbridge_journal"
    };
}

/// Columns of a journal row, and where its account belongs by now; [`crate::tables::journal::read_transition`] reads them.
macro_rules! transition {
    () => {
        "SELECT j.id, j.at, j.account, j.from_state, j.to_state, j.event, j.reason, j.who, j.request, j.operation, \
         j.module, j.revision, a.zone_id, a.source \
         FROM swingbridge_journal j LEFT JOIN kubesvc_accounts a ON a.name = j.account"
    };
}

/// Names each statement, and all of them for the tests.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)*
        /// Every statement, with its name.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

statements! {
    CREATE_MIGRATIONS = "CREATE TABLE IF NOT EXISTS swingbridge_migrations (version BIGINT NOT NULL PRIMARY KEY, \
        name VARCHAR(255) NOT NULL, checksum VARCHAR(64) NOT NULL, at BIGINT NOT NULL)";
    MIGRATIONS = "SELECT version, checksum FROM swingbridge_migrations ORDER BY version";
    RECORD_MIGRATION = "INSERT INTO swingbridge_migrations (version, name, checksum, at) VALUES (?, ?, ?, ?)";

    // Accounts.
    /// By folded name: the row itself, or the one that it would meet.
    ACCOUNTS = concat!("SELECT ", account!(), accounts!(), " WHERE a.name_folded IN (?*) ORDER BY a.name");
    ACCOUNTS_PAGE = concat!("SELECT ", account!(), accounts!(), " WHERE a.name > ? ORDER BY a.name LIMIT ?");
    DUE = "SELECT name FROM kubesvc_accounts WHERE due_at <= ? ORDER BY due_at, name LIMIT ?";
    NEXT_DUE = "SELECT due_at FROM kubesvc_accounts WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";
    DEFINITIONS = "SELECT name, definition_revision, definition FROM kubesvc_accounts WHERE name IN (?*)";
    COUNT_IN_ZONE = "SELECT COUNT(*) FROM kubesvc_accounts WHERE dynamic = 1 AND (zone_id = ? OR zone_id IS NULL)";
    /// Each branch stops at the limit, along an index.
    NAMES_CONCERNING = "SELECT name FROM (\
        SELECT name FROM (SELECT name FROM kubesvc_accounts WHERE zone_id = ? AND name > ? ORDER BY name LIMIT ?) AS page_1 \
        UNION \
        SELECT name FROM (SELECT name FROM kubesvc_accounts WHERE zone_id IS NULL AND name > ? ORDER BY name LIMIT ?) AS page_2 \
        UNION \
        SELECT account FROM (SELECT account FROM swingbridge_holdings WHERE agent = ? AND account > ? ORDER BY account LIMIT ?) AS page_3\
        ) AS pages ORDER BY name LIMIT ?";
    /// With what people read beside the row.
    ACCOUNT_RECORD = concat!("SELECT ", account!(), ", a.definition, a.source, a.last_updated", accounts!(),
        " WHERE a.name = ?");
    /// The beginning of a list; conditions follow.
    ACCOUNT_LIST = concat!("SELECT ", account!(), ", a.definition, a.source, a.last_updated", accounts!(),
        " WHERE a.name > ?");
    /// The beginning of a count; conditions follow.
    ACCOUNT_COUNT = "SELECT COUNT(*) FROM kubesvc_accounts a WHERE a.name > ?";
    OF_STATE = " AND a.status = ?";
    OF_ZONE = " AND a.zone_id = ?";
    OF_SOURCE = " AND a.source = ?";
    /// `!` escapes.
    WHOSE_NAME_CONTAINS = " AND a.name_folded LIKE ? ESCAPE '!'";
    LIST_PART = " ORDER BY a.name LIMIT ? OFFSET ?";

    NAMES = "SELECT name, generation, removed_at FROM swingbridge_names WHERE name IN (?*)";

    // Holdings.
    HOLDINGS = concat!(holding!(), " WHERE h.account IN (?*) ORDER BY h.account, h.agent");
    HELD_BY = "SELECT id, agent, account FROM swingbridge_holdings WHERE agent IN (?*) AND observed = 'held' \
        ORDER BY agent, account";
    DELETE_NAMESPACES = "DELETE FROM swingbridge_namespaces WHERE id IN (?*)";
    DELETE_NAMESPACES_OF = "DELETE FROM swingbridge_namespaces WHERE account IN (?*)";
    NAMESPACES = "SELECT id, agent, namespaces FROM swingbridge_namespaces WHERE account = ? ORDER BY agent";

    // The outbox.
    TO_SEND = concat!(operation!(), " WHERE agent = ? AND state = 'pending' AND instance = ? \
        AND (not_before IS NULL OR not_before <= ?) AND (session IS NULL OR session <> ?) ORDER BY id LIMIT ?");
    NEXT_TO_SEND = "SELECT not_before FROM swingbridge_operations WHERE agent = ? AND state = 'pending' \
        AND instance = ? AND not_before > ? ORDER BY not_before LIMIT 1";
    SENT = "UPDATE swingbridge_operations SET attempts = attempts + 1, sent_at = ?, session = ? WHERE id IN (?*)";
    UNSENT = "SELECT DISTINCT agent FROM swingbridge_operations WHERE state = 'pending' AND attempts = 0 \
        AND (not_before IS NULL OR not_before <= ?) ORDER BY agent LIMIT ?";
    OPERATIONS = concat!(operation!(), " WHERE id IN (?*) ORDER BY id");
    OPERATIONS_NEWEST = concat!(operation!(), " WHERE id < ? ORDER BY id DESC LIMIT ? OFFSET ?");
    OPERATIONS_OF_REQUEST = concat!(operation!(), " WHERE parent = ? ORDER BY id LIMIT ?");

    // The journal.
    JOURNAL = concat!(journal!(), " WHERE account = ? AND id < ? ORDER BY id DESC LIMIT ?");

    // Requests.
    INSERT_REQUEST = "INSERT INTO swingbridge_requests (id, action, who, created_at, total, replica) \
        VALUES (?, ?, ?, ?, ?, ?)";
    CLOSE_HALF_BEGUN = "UPDATE swingbridge_requests SET total = (SELECT COUNT(*) FROM swingbridge_request_items i \
        WHERE i.request = swingbridge_requests.id) WHERE replica = ? AND created_at < ? AND total > (SELECT COUNT(*) \
        FROM swingbridge_request_items i WHERE i.request = swingbridge_requests.id)";
    REQUEST = "SELECT id, action, who, created_at, total, replica FROM swingbridge_requests WHERE id = ?";
    /// Of a pending item the state is the row's, of a finished one its own.
    ITEMS = "SELECT i.name, i.outcome, CASE WHEN i.outcome = 'pending' THEN a.status ELSE i.state END, i.code, \
        i.text, i.possible FROM swingbridge_request_items i LEFT JOIN kubesvc_accounts a ON a.name = i.name \
        WHERE i.request = ? ORDER BY i.name";
    ITEMS_THERE = "SELECT id FROM swingbridge_request_items WHERE id IN (?*)";
    PENDING_ITEMS = "SELECT r.id, r.total, (SELECT COUNT(*) FROM swingbridge_request_items i \
        WHERE i.request = r.id AND i.outcome <> 'pending') FROM swingbridge_requests r WHERE r.id = ?";

    // Units.
    /// The first statement of a unit (`spec/database.md`): no row, and another module serves by now.
    BEGIN_CALL = "INSERT INTO swingbridge_calls (id, at) SELECT ?, ? FROM swingbridge_slots \
        WHERE slot = 'lifecycle' AND generation = ?";
    /// Added to it: the lease still is the one that the unit was decided under.
    UNDER_LEASE = " AND EXISTS (SELECT 1 FROM swingbridge_leases WHERE name = ? AND fence = ?)";
    /// Added to it: the agent has not been heard on a newer session.
    UNDER_SESSION = " AND EXISTS (SELECT 1 FROM swingbridge_agents WHERE id = ? AND session = ?)";
    CALL = "SELECT id, at FROM swingbridge_calls WHERE id = ?";
    SETTLE_CALL = "INSERT INTO swingbridge_calls (id, at) VALUES (?, ?)";
    OLD_CALLS = "SELECT id FROM swingbridge_calls WHERE at < ? ORDER BY at LIMIT ?";
    DELETE_CALLS = "DELETE FROM swingbridge_calls WHERE id IN (?*)";
    /// What a row's `connections` is set to beside its other columns.
    CONNECTIONS = "connections = (SELECT COUNT(*) FROM swingbridge_holdings h \
        WHERE h.account = kubesvc_accounts.name AND h.observed = 'held')";

    // Secrets.
    SECRETS = "SELECT reference, account, sealed FROM swingbridge_secrets WHERE reference IN (?*)";
    DELETE_SECRETS = "DELETE FROM swingbridge_secrets WHERE reference IN (?*)";
    DELETE_SECRETS_OF = "DELETE FROM swingbridge_secrets WHERE account IN (?*)";
    /// Changes nothing that matters: tells whether rows can be written.
    TOUCH_CHECK = "UPDATE swingbridge_secrets SET at = ? WHERE reference = ?";
    INSERT_CHECK = "INSERT INTO swingbridge_secrets (reference, account, sealed, at) VALUES (?, ?, ?, ?)";

    // Agents and slots.
    AGENTS = concat!(agent!(), " ORDER BY id");
    AGENTS_SINCE = concat!(agent!(), " WHERE changed > ? ORDER BY changed");
    UPDATE_AGENT = "UPDATE swingbridge_agents SET instance = ?, zone = ?, session = ?, presence = ?, \
        presence_since = ?, last_seen = ?, settled = ?, version = ?, replica = ?, changed = ? WHERE id = ?";
    OF_SESSION = " AND session = ?";
    INSERT_AGENT = "INSERT INTO swingbridge_agents (instance, zone, session, presence, presence_since, last_seen, \
        settled, version, replica, changed, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    SLOT = "SELECT slot, digest, generation, program FROM swingbridge_slots WHERE slot = ?";
    INSERT_SLOT = "INSERT INTO swingbridge_slots (slot, digest, generation, at, program) VALUES (?, ?, ?, ?, ?)";
    UPDATE_SLOT = "UPDATE swingbridge_slots SET digest = ?, generation = ?, at = ?, program = ? \
        WHERE slot = ? AND generation = ?";
    MODULE_PARTS = "SELECT id, part, parts FROM swingbridge_modules WHERE digest = ? ORDER BY part";
    MODULE = "SELECT id, part, parts, bytes FROM swingbridge_modules WHERE digest = ? ORDER BY part";
    INSERT_MODULE_PART = "INSERT INTO swingbridge_modules (id, digest, part, parts, bytes, at) \
        VALUES (?, ?, ?, ?, ?, ?)";

    // Replicas, leases, counts.
    COUNT_UP = "UPDATE swingbridge_counters SET value = value + 1 WHERE name = ?";
    INSERT_COUNTER = "INSERT INTO swingbridge_counters (name, value) VALUES (?, 1)";
    COUNTER = "SELECT name, value FROM swingbridge_counters WHERE name = ?";
    REPLICAS = "SELECT id, base_url, version, beat, started_at, last_updated, ready FROM swingbridge_replicas ORDER BY id";
    UPDATE_REPLICA = "UPDATE swingbridge_replicas SET base_url = ?, version = ?, beat = ?, started_at = ?, \
        last_updated = ?, ready = ? WHERE id = ?";
    INSERT_REPLICA = "INSERT INTO swingbridge_replicas (base_url, version, beat, started_at, last_updated, ready, id) \
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    DELETE_REPLICA = "DELETE FROM swingbridge_replicas WHERE id = ? AND beat = ?";
    LEASE = "SELECT name, holder, fence, beat FROM swingbridge_leases WHERE name = ?";
    INSERT_LEASE = "INSERT INTO swingbridge_leases (holder, fence, beat, name) VALUES (?, ?, ?, ?)";
    UPDATE_LEASE = "UPDATE swingbridge_leases SET holder = ?, fence = ?, beat = ? \
        WHERE name = ? AND holder = ? AND fence = ? AND beat = ?";

    // Clouddriver's own table, only ever read.
    CLOUDDRIVER_FIND = "SELECT id, type, body, last_modified_at FROM accounts \
        WHERE type = 'kubernetes' AND id IN (?*) ORDER BY id";
    CLOUDDRIVER_PAGE = "SELECT id, type, body, last_modified_at FROM accounts \
        WHERE type = 'kubernetes' AND id > ? ORDER BY id LIMIT ?";

    // Idempotency keys.
    KEY = "SELECT id, fingerprint, request, at FROM swingbridge_keys WHERE id = ?";
    INSERT_KEY = "INSERT INTO swingbridge_keys (id, fingerprint, request, at) VALUES (?, ?, ?, ?)";
    DELETE_OLD_KEY = "DELETE FROM swingbridge_keys WHERE id = ? AND at < ?";
    TAKE_UP = "UPDATE swingbridge_requests SET total = ?, replica = ? WHERE id = ? AND total = ?";

    // The journal forward.
    JOURNAL_NEWEST = "SELECT id FROM swingbridge_journal ORDER BY id DESC LIMIT 1";
    JOURNAL_UP_TO = "SELECT id FROM swingbridge_journal WHERE id <= ? ORDER BY id DESC LIMIT 1";
    JOURNAL_IDS = "SELECT id FROM swingbridge_journal WHERE id > ? ORDER BY id LIMIT ?";
    JOURNAL_STEP = concat!(journal!(), " WHERE account = ? AND id > ? ORDER BY id LIMIT 1");
    TRANSITIONS = concat!(transition!(), " WHERE j.id IN (?*) ORDER BY j.id");
    TRANSITIONS_BEHIND = concat!(transition!(), " WHERE j.id > ? ORDER BY j.id LIMIT ?");
    TRANSITIONS_OF = concat!(transition!(), " WHERE j.account = ? AND j.id > ? ORDER BY j.id LIMIT ?");

    // Housekeeping: walks by key, so that what is kept is passed once a round.
    WALK_JOURNAL = "SELECT id, at FROM swingbridge_journal WHERE id > ? ORDER BY id LIMIT ?";
    /// The last step of an account that is there says why it is where it is, however long ago that was.
    JOURNAL_LAST_STEPS = "SELECT j.id FROM swingbridge_journal j WHERE j.id IN (?*) \
        AND EXISTS (SELECT 1 FROM kubesvc_accounts a WHERE a.name = j.account) \
        AND NOT EXISTS (SELECT 1 FROM swingbridge_journal n WHERE n.account = j.account AND n.id > j.id)";
    DELETE_JOURNAL = "DELETE FROM swingbridge_journal WHERE id IN (?*)";
    WALK_OPERATIONS = "SELECT id, created_at, ended_at FROM swingbridge_operations WHERE id > ? ORDER BY id LIMIT ?";
    DELETE_OPERATIONS = "DELETE FROM swingbridge_operations WHERE id IN (?*) AND state <> 'pending'";
    WALK_REQUESTS = "SELECT id, created_at FROM swingbridge_requests WHERE id > ? ORDER BY id LIMIT ?";
    UNFINISHED_REQUESTS = "SELECT DISTINCT request FROM swingbridge_request_items WHERE request IN (?*) \
        AND outcome = 'pending'";
    ITEMS_OF = "SELECT id FROM swingbridge_request_items WHERE request IN (?*) LIMIT ?";
    DELETE_ITEMS = "DELETE FROM swingbridge_request_items WHERE id IN (?*)";
    DELETE_REQUESTS = "DELETE FROM swingbridge_requests WHERE id IN (?*)";
    OLD_KEYS = "SELECT id FROM swingbridge_keys WHERE at < ? ORDER BY at LIMIT ?";
    DELETE_KEYS = "DELETE FROM swingbridge_keys WHERE id IN (?*) AND at < ?";
    /// The next agent that is gone since long; what is known of it is asked by itself, since servers would join.
    OLD_AGENTS = "SELECT id FROM swingbridge_agents WHERE id > ? AND presence = 'gone' AND settled = 'gone' \
        AND presence_since < ? ORDER BY id LIMIT 1";
    AGENT_MAY_HOLD = "SELECT id FROM swingbridge_holdings WHERE agent = ? AND observed <> 'not-held' LIMIT 1";
    AGENT_IS_ASKED = "SELECT id FROM swingbridge_operations WHERE agent = ? AND state = 'pending' LIMIT 1";
    HOLDINGS_OF_OLD = "SELECT id FROM swingbridge_holdings WHERE agent = ? AND observed = 'not-held' LIMIT ?";
    DELETE_HOLDINGS = "DELETE FROM swingbridge_holdings WHERE id IN (?*) AND observed = 'not-held'";
    DELETE_AGENT = "DELETE FROM swingbridge_agents WHERE id = ? AND presence = 'gone' AND presence_since < ?";

    // Recorded calls.
    RECORDS = "SELECT id, at, slot, module, export, outcome, took_us, accounts, body FROM swingbridge_records \
        WHERE id IN (?*) ORDER BY id DESC";
    /// The beginnings of lists; conditions follow.
    RECORDS_LISTED = "SELECT id, size, '[]' FROM swingbridge_records WHERE id < ?";
    RECORDS_LISTED_WITH_ACCOUNTS = "SELECT id, size, accounts FROM swingbridge_records WHERE id < ?";
    RECORDED_SINCE = " AND at >= ?";
    RECORDED_UNTIL = " AND at < ?";
    RECORDED_OF_MODULE = " AND module >= ? AND module <= ?";
    RECORDED_IN_SLOT = " AND slot = ?";
    RECORDED_OF_EXPORT = " AND export = ?";
    RECORDED_WITH_OUTCOME = " AND outcome = ?";
    /// `!` escapes.
    RECORDED_ABOUT = " AND accounts LIKE ? ESCAPE '!'";
    RECORDS_NEWEST = " ORDER BY id DESC LIMIT ?";
    RECORDS_THERE = "SELECT id FROM swingbridge_records WHERE id IN (?*)";
    /// The newest one that there is no room for. Sums go along the index of sizes; no row is read.
    RECORDS_CUT = "SELECT id FROM (\
        SELECT id, COUNT(*) OVER newer AS place, SUM(size) OVER newer AS filled FROM swingbridge_records \
        WINDOW newer AS (ORDER BY id DESC ROWS UNBOUNDED PRECEDING)\
        ) AS ring WHERE place > ? OR filled > ? ORDER BY id DESC LIMIT 1";
    RECORDS_UP_TO = "SELECT id FROM swingbridge_records WHERE id <= ? ORDER BY id LIMIT ?";
    DELETE_RECORDS = "DELETE FROM swingbridge_records WHERE id IN (?*)";

    // Figures.
    COUNT_BY_STATE = "SELECT status, COUNT(*) FROM kubesvc_accounts GROUP BY status ORDER BY status";
    COUNT_OVERDUE = "SELECT COUNT(*) FROM kubesvc_accounts WHERE due_at < ?";
    /// Not by `due_at IS NULL`, which most rows are and an index would be walked for.
    COUNT_DUE_IN = "SELECT COUNT(*), COUNT(due_at) FROM kubesvc_accounts WHERE status IN (?*)";
    /// Most rows have no code: an index is gone along from the first. A replica that knows no codes leaves the one of a
    /// cluster that answers again.
    COUNT_UNHEALTHY = "SELECT h.health_code, COUNT(DISTINCT h.account) FROM swingbridge_holdings h \
        JOIN swingbridge_agents a ON a.id = h.agent \
        WHERE h.health_code > '' AND h.healthy = ? AND h.observed = 'held' AND a.presence = 'connected' \
        GROUP BY h.health_code ORDER BY h.health_code";
    COUNT_PENDING = "SELECT COUNT(*), COUNT(sent_at), MIN(created_at) FROM swingbridge_operations \
        WHERE state = 'pending'";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn no_statement_holds_a_placeholder_in_a_literal() {
        for (name, text) in ALL {
            let in_literals: String = text.split('\'').skip(1).step_by(2).collect();
            assert!(!in_literals.contains('?'), "{name}");
        }
    }

    #[test]
    fn statements_keep_to_what_all_databases_understand() {
        for (name, text) in ALL {
            let text = text.to_ascii_uppercase();
            let words: Vec<&str> =
                text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
            for word in
                ["RETURNING", "CONFLICT", "REPLACE", "AUTOINCREMENT", "NOW", "CURRENT_TIMESTAMP"]
            {
                assert!(!words.contains(&word), "{name}: {word}");
            }
            assert!(!text.contains("FOR UPDATE") && !text.contains("::"), "{name}");
        }
    }
}
