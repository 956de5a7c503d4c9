//! What MySQL and MariaDB say no with, by the error's number.

use host_core::error::DISK_FULL;
use sqlx::mysql::MySqlDatabaseError;

use super::super::Failure;
use super::super::server::{STATEMENT_LIMIT, classify_driver};

/// What there is to do about an error.
pub(super) fn classify(error: &sqlx::Error) -> Failure {
    let sqlx::Error::Database(said) = error else { return classify_driver(error) };
    match said.try_downcast_ref::<MySqlDatabaseError>() {
        Some(said) => by_number(said.number(), said.message()),
        None => Failure::Unavailable(said.message().to_owned()),
    }
}

fn by_number(number: u16, message: &str) -> Failure {
    let unavailable = |text: &str| Failure::Unavailable(text.to_owned());
    match number {
        // A duplicate key; a table, column or index that is there.
        1062 | 1586 | 1050 | 1060 | 1061 => Failure::Exists,
        1146 => Failure::NoTable(message.to_owned()),
        // Deadlock, lock wait, a record that changed since it was read, a lock that is not waited for.
        1213 | 1205 | 1020 | 3572 => Failure::Busy(message.to_owned()),
        // MariaDB's limit, MySQL's, and a KILL QUERY.
        1969 | 3024 | 1317 => Failure::Unavailable(format!(
            "a statement ran for more than {} s, or was ended by hand",
            STATEMENT_LIMIT.as_secs()
        )),
        1290 | 1792 | 1836 => unavailable(
            "the database takes no writes: it is a replica, or made for reading only; name the primary in database.url",
        ),
        1021 | 1114 => unavailable(DISK_FULL),
        // What the storage engine was told by the operating system: no space left.
        1030 if message.contains("28") => unavailable(DISK_FULL),
        1037 | 1038 | 1041 => {
            unavailable("the database is out of memory; give it more, or less to do")
        }
        1040 | 1203 | 1226 => unavailable(
            "the database takes no more connections; raise max_connections (or the user's own limit), or let fewer \
             programs use it",
        ),
        1053 | 1077 | 1078 | 1079 | 1927 | 3169 | 4031 => unavailable(
            "the database has ended the session, or is stopping; the bridge goes on when it is there",
        ),
        1045 | 1130 | 1251 | 1524 | 1698 => unavailable(
            "the database does not let the user in; look at user and password in the URL, and from which hosts the user \
             may come",
        ),
        1049 => unavailable(
            "the database that the URL names is not there; make it: CREATE DATABASE … CHARACTER SET utf8mb4",
        ),
        1044 | 1142 | 1143 | 1227 | 1370 | 1410 => {
            Failure::Unavailable(format!("the user may not do that ({message}); grant it"))
        }
        1153 => unavailable(
            "a row is larger than the server takes in one statement; raise max_allowed_packet on the server",
        ),
        _ => Failure::Unavailable(format!("{message} (error {number})")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, by_number};

    #[test]
    fn what_may_go_well_the_next_time_is_busy() {
        for number in [1213, 1205, 3572] {
            assert_eq!(by_number(number, "later"), Failure::Busy("later".into()));
        }
    }

    #[test]
    fn what_somebody_must_mend_says_what_to_do() {
        for (number, part) in [
            (1290, "primary"),
            (1836, "primary"),
            (1114, "make room"),
            (1040, "max_connections"),
            (1053, "goes on"),
            (1045, "password in the URL"),
            (1049, "CREATE DATABASE"),
            (1142, "grant it"),
            (1969, "10 s"),
            (1153, "max_allowed_packet"),
            (9999, "error 9999"),
        ] {
            let said = by_number(number, "no").sentence();
            assert!(said.contains(part), "{number}: {said}");
        }
    }

    #[test]
    fn a_full_disk_is_known_by_the_engines_word_too() {
        let said = by_number(1030, "Got error 28 \"No space left on device\" from storage engine");
        assert!(said.sentence().contains("make room"));
    }
}
