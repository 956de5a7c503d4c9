//! What can be told from an id: ULIDs begin with the time at which they were made.

use ulid::Ulid;

use crate::clock::Millis;

/// The latest time that a ULID can carry.
const TIME_MAX: Millis = (1 << 48) - 1;

/// Whether a text is an id, as this bridge writes them: 26 digits and capital letters.
#[must_use]
pub fn is_id(text: &str) -> bool {
    Ulid::from_string(text).is_ok_and(|id| id.to_string() == text)
}

/// When an id was made; 0 for a text that is none.
#[must_use]
pub fn time_of(id: &str) -> Millis {
    Ulid::from_string(id).map_or(0, |id| id.timestamp_ms())
}

/// The least id of a time: ids made at that time or later are not less.
#[must_use]
pub fn floor(at: Millis) -> String {
    Ulid::from_parts(at.min(TIME_MAX), 0).to_string()
}

/// The id before an id, so that "behind it" includes the id itself.
#[must_use]
pub fn before(id: &str) -> String {
    let number = Ulid::from_string(id).map_or(0, |id| id.0);
    Ulid(number.saturating_sub(1)).to_string()
}

#[cfg(test)]
mod tests {
    use super::{before, floor, is_id, time_of};

    const ID: &str = "01JABCDEFGHJKMNPQRSTVWXYZ0";

    #[test]
    fn an_id_lies_between_the_floors_of_its_time_and_the_next() {
        let at = time_of(ID);
        assert!(floor(at).as_str() <= ID && ID < floor(at + 1).as_str());
        assert_eq!(time_of(&floor(at)), at);
        assert_eq!(floor(u64::MAX).len(), 26);
    }

    #[test]
    fn the_id_before_is_less_by_one() {
        assert!(before(ID).as_str() < ID);
        assert_eq!(before("00000000000000000000000000"), "00000000000000000000000000");
    }

    #[test]
    fn only_what_this_bridge_writes_is_an_id() {
        assert!(is_id(ID));
        for text in [
            "",
            "x",
            &ID.to_lowercase(),
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "01JABCDEFGHIJKLMNOPQRSTUVW",
        ] {
            assert!(!is_id(text), "{text}");
        }
    }
}
