//! What an agent may say, and what is refused with which sentence.

use host_core::account::Failure;
use proto::agent::v1::{self as wire, agent_message::Message};

use super::{Malformed, Word, held, id, read};

fn sentence<T: std::fmt::Debug>(read: Result<T, Malformed>) -> String {
    read.unwrap_err().0
}

fn message(message: Message) -> wire::AgentMessage {
    wire::AgentMessage { message: Some(message) }
}

fn result() -> wire::OperationResult {
    wire::OperationResult {
        operation_id: "01J".into(),
        account: "eu-1".into(),
        generation: 3,
        held: true,
        definition_revision: 7,
        ..wire::OperationResult::default()
    }
}

fn results(result: wire::OperationResult) -> wire::AgentMessage {
    message(Message::Results(wire::OperationResults { results: vec![result] }))
}

fn given(name: &str) -> wire::HeldAccount {
    wire::HeldAccount {
        name: name.into(),
        origin: wire::Origin::Given.into(),
        held: true,
        ..wire::HeldAccount::default()
    }
}

#[test]
fn an_answer_is_read_with_what_is_held_now() {
    let Ok(Word::Results(read)) = read(results(result())) else { panic!("no results") };
    assert_eq!(
        (read[0].operation.as_str(), read[0].held, &read[0].failure),
        ("01J", Some(7), &None)
    );
}

#[test]
fn a_refusal_keeps_its_code_and_text() {
    let refused = wire::OperationResult {
        failure: Some(wire::Failure {
            code: wire::failure::Code::InvalidKubeconfig.into(),
            text: "no current-context".into(),
        }),
        held: false,
        ..result()
    };
    let Ok(Word::Results(read)) = read(results(refused)) else { panic!("no results") };
    let expected = Failure { code: "invalid-kubeconfig".into(), text: "no current-context".into() };
    assert_eq!((read[0].failure.as_ref(), read[0].held), (Some(&expected), None));
}

#[test]
fn why_a_held_account_is_not_healthy_is_read_and_bounded() {
    let expired = wire::Failure {
        code: wire::failure::Code::Unauthorized.into(),
        text: "the token has expired".into(),
    };
    let expected = Failure { code: "unauthorized".into(), text: "the token has expired".into() };
    let registered = wire::HeldAccount { failure: Some(expired.clone()), ..given("a") };
    assert_eq!(held(registered).map(|h| h.failure), Ok(Some(expected.clone())));
    let observed = |failure| {
        read(message(Message::Observations(wire::Observations {
            observations: vec![wire::Observation {
                account: "a".into(),
                origin: wire::Origin::Given.into(),
                held: true,
                failure,
                ..wire::Observation::default()
            }],
            number: 0,
        })))
    };
    let Ok(Word::Observations { seen, number: None }) = observed(Some(expired.clone())) else {
        panic!("unread")
    };
    assert_eq!(seen[0].failure, Some(expected));
    let Ok(Word::Observations { seen, number: None }) = observed(None) else { panic!("unread") };
    assert_eq!(seen[0].failure, None);
    let long = wire::Failure { text: "x".repeat(5_000), ..expired };
    assert!(sentence(observed(Some(long))).contains("4096 bytes"));
}

#[test]
fn namespaces_that_no_cluster_can_have_are_left_out_and_the_rest_of_the_word_is_heard() {
    let seen = |namespaces: &[&str], namespaces_seen| {
        let observation = wire::Observation {
            account: "a".into(),
            origin: wire::Origin::Given.into(),
            held: true,
            namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
            namespaces_seen,
            ..wire::Observation::default()
        };
        let observations = wire::Observations { observations: vec![observation], number: 7 };
        match read(message(Message::Observations(observations))) {
            Ok(Word::Observations { seen, number: Some(7) }) => seen[0].namespaces.clone(),
            other => panic!("{other:?}"),
        }
    };
    let long = "x".repeat(256);
    assert_eq!(seen(&["dev ", "", "prod", &long], true), Some(vec!["prod".to_owned()]));
    assert_eq!(seen(&[], true), Some(Vec::new()), "there is none any more");
    assert_eq!(seen(&[], false), None, "nobody looked");
    assert_eq!(seen(&["dev"], false), Some(vec!["dev".to_owned()]), "as older agents say it");
}

#[test]
fn what_no_database_could_keep_is_refused() {
    let far = wire::OperationResult { generation: u64::MAX, ..result() };
    assert!(sentence(read(results(far))).contains("generation"));
    let wide = wire::HeldAccount { definition_revision: u64::MAX, ..given("a") };
    assert!(sentence(held(wide)).contains("definition revision"));
}

#[test]
fn an_enum_without_a_value_is_refused_where_a_value_is_needed() {
    let code = wire::OperationResult { failure: Some(wire::Failure::default()), ..result() };
    assert!(sentence(read(results(code))).contains("no code"));
    assert!(sentence(held(wire::HeldAccount { origin: 0, ..given("a") })).contains("no origin"));
    assert!(sentence(held(wire::HeldAccount { health: 9, ..given("a") })).contains("health"));
    assert_eq!(held(given("a")).map(|h| h.healthy), Ok(None));
}

#[test]
fn names_and_ids_are_bounded() {
    assert!(sentence(held(given(""))).contains("empty"));
    assert!(sentence(held(given("a/b"))).contains("cannot be an account"));
    assert!(sentence(held(given(&"x".repeat(300)))).contains("300 characters"));
    assert!(sentence(id("x".repeat(256), "an id")).contains("1 to 255"));
    assert!(sentence(id("a\nb".into(), "an id")).contains("control character"));
    assert!(sentence(id(" a".into(), "an id")).contains("blanks"));
    assert_eq!(id("x".repeat(255), "an id").map(|id| id.len()), Ok(255));
}

#[test]
fn a_text_for_people_is_bounded() {
    let failure = wire::Failure { code: 1, text: "x".repeat(5_000) };
    let long = wire::OperationResult { failure: Some(failure), ..result() };
    assert!(sentence(read(results(long))).contains("4096 bytes"));
}

#[test]
fn an_empty_message_and_a_second_registration_are_refused() {
    assert!(sentence(read(wire::AgentMessage { message: None })).contains("empty"));
    let again = message(Message::Register(wire::Register::default()));
    assert!(sentence(read(again)).contains("another stream"));
}

#[test]
fn two_spellings_of_one_name_become_one() {
    assert_eq!(held(given("e\u{301}u")).map(|h| h.account), Ok("\u{e9}u".to_owned()));
}
