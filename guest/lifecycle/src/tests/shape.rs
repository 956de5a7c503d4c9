//! The table's shape: what must be true of it whatever its edges are.

use crate::{Action, Kind, State, TABLE};

fn exits(state: State) -> impl Iterator<Item = &'static crate::Edge> {
    TABLE.iter().filter(move |edge| edge.from == Some(state) && edge.to != Some(state))
}

#[test]
fn no_edge_stands_there_twice() {
    for (at, edge) in TABLE.iter().enumerate() {
        assert!(!TABLE[..at].contains(edge), "{edge:?}");
    }
}

#[test]
fn every_state_is_reached() {
    let mut reached: Vec<State> =
        TABLE.iter().filter(|edge| edge.from.is_none()).filter_map(|edge| edge.to).collect();
    let mut at = 0;
    while at < reached.len() {
        for to in exits(reached[at]).filter_map(|edge| edge.to) {
            if !reached.contains(&to) {
                reached.push(to);
            }
        }
        at += 1;
    }
    for state in State::ALL {
        assert!(reached.contains(&state), "{state:?}");
    }
}

#[test]
fn every_state_can_end_in_a_removal() {
    for state in State::ALL {
        let mut seen = vec![state];
        let mut at = 0;
        let mut removed = false;
        while at < seen.len() && !removed {
            for edge in exits(seen[at]) {
                match edge.to {
                    None => removed = true,
                    Some(to) if !seen.contains(&to) => seen.push(to),
                    Some(_) => {}
                }
            }
            at += 1;
        }
        assert!(removed, "{state:?}");
    }
}

#[test]
fn every_transient_state_is_left_without_anybody_asking() {
    for state in State::ALL.into_iter().filter(|state| state.kind() == Kind::Transient) {
        let by_itself = exits(state).any(|edge| !matches!(edge.on, crate::Trigger::Asked(_)));
        assert!(by_itself, "{state:?}");
    }
}

#[test]
fn an_edge_of_an_action_begins_without_a_row_only_if_it_makes_one() {
    for edge in TABLE {
        if let crate::Trigger::Asked(action) = edge.on {
            assert_eq!(edge.from.is_none(), action.makes_a_row(), "{edge:?}");
        }
    }
}

#[test]
fn states_and_actions_are_found_by_their_names() {
    for state in State::ALL {
        assert_eq!(State::parse(state.as_str()), Some(state));
    }
    for action in Action::ALL {
        assert_eq!(Action::parse(action.as_str()), Some(action));
    }
    assert_eq!(State::parse("PAUSED"), None);
    assert_eq!(Action::parse("pause"), None);
}
