//! What PostgreSQL says no with, by its SQLSTATE.

use host_core::error::DISK_FULL;

use super::super::Failure;
use super::super::server::{STATEMENT_LIMIT, classify_driver};

/// What there is to do about an error.
pub(super) fn classify(error: &sqlx::Error) -> Failure {
    let sqlx::Error::Database(said) = error else { return classify_driver(error) };
    let code = said.code().unwrap_or_default();
    by_state(&code, said.message())
}

/// By the five characters of the SQLSTATE.
fn by_state(state: &str, message: &str) -> Failure {
    let unavailable = |text: &str| Failure::Unavailable(text.to_owned());
    match state {
        // Unique violation; a table, column, or index and such that is there.
        "23505" | "42P07" | "42701" | "42710" => Failure::Exists,
        "42P01" => Failure::NoTable(message.to_owned()),
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Failure::Busy(message.to_owned()),
        "57014" => Failure::Unavailable(format!(
            "a statement ran for more than {} s and was ended",
            STATEMENT_LIMIT.as_secs()
        )),
        "25006" => unavailable(
            "the database takes no writes: it is a standby, or made for reading only; name the primary in database.url",
        ),
        "53100" => unavailable(DISK_FULL),
        "53200" => unavailable("the database is out of memory; give it more, or less to do"),
        "53300" => unavailable(
            "the database takes no more connections; raise max_connections, or let fewer programs use it",
        ),
        "57P01" | "57P02" | "57P03" => {
            unavailable("the database is stopping or starting; the bridge goes on when it is there")
        }
        "28P01" | "28000" => unavailable(
            "the database does not let the user in; look at user and password in the URL, and at pg_hba.conf",
        ),
        "3D000" => unavailable(
            "the database that the URL names is not there; make it: CREATE DATABASE … ENCODING 'UTF8'",
        ),
        "42501" => Failure::Unavailable(format!("the user may not do that ({message}); grant it")),
        _ => Failure::Unavailable(format!("{message} (SQLSTATE {state})")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, by_state};

    #[test]
    fn what_may_go_well_the_next_time_is_busy() {
        for state in ["40001", "40P01", "55P03"] {
            assert_eq!(by_state(state, "later"), Failure::Busy("later".into()));
        }
    }

    #[test]
    fn what_somebody_must_mend_says_what_to_do() {
        for (state, part) in [
            ("25006", "primary"),
            ("53100", "make room"),
            ("53300", "max_connections"),
            ("57P03", "goes on"),
            ("28P01", "password in the URL"),
            ("3D000", "CREATE DATABASE"),
            ("42501", "grant it"),
            ("57014", "10 s"),
            ("XX000", "SQLSTATE XX000"),
        ] {
            let said = by_state(state, "no").sentence();
            assert!(said.contains(part), "{state}: {said}");
        }
    }
}
