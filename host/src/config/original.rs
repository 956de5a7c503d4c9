//! The original's keys, under `kubesvc:` or `armory.kubesvc:`, in our words, with a line for the log each.
//!
//! What they mean there is public; which of ours they become is said here and nowhere else.

use figment::value::Value as Given;

use super::fault::Fault;
use super::key::nearest;
use super::value::whole;
use super::yaml::Leaf;

/// What becomes of one of the original's keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Translated {
    /// It sets these of ours.
    To(Vec<(&'static str, Given)>),
    /// It sets nothing, because.
    Nothing(&'static str),
}

/// What a key of the original is for us.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// The same value under our name.
    Same(&'static str),
    /// A number of seconds.
    Seconds(&'static str),
    /// A number of milliseconds, for each of these.
    Millis(&'static [&'static str]),
    /// A size as Spring writes it: a bare number is bytes, MB is MiB.
    Size(&'static str),
    /// The host of the agent link's address.
    Address,
    /// The port of the agent link's address.
    Port,
    /// Nothing is set by it here.
    Nothing(&'static str),
    /// It may only be `false`, since what it asks for must not be left out silently.
    MustBeFalse(&'static str),
}

const SCAN: &str = "this version takes accounts in by request; it does not scan";
const INTERCEPT: &str =
    "this version does not stand in front of Clouddriver; it intercepts nothing";
const TLS: &str = "this version does not encrypt the agent link itself; put a proxy that does before agents.listen, and \
                   take this key out";
const TLS_DETAIL: &str = "it has no effect while encryption is off";

/// The keys that are understood (`spec/config.md`), in lower case and without their prefix.
const KEYS: &[(&str, Meaning)] = &[
    ("enabled", Meaning::Nothing("the bridge runs when it is started")),
    ("dynamicAccounts.enabled", Meaning::Same("server.dynamic_accounts")),
    ("dynamicAccounts.maxRetries", Meaning::Same("retry.max")),
    ("dynamicAccounts.retryFrequencySeconds", Meaning::Seconds("retry.first")),
    ("dynamicAccounts.scanBatchSize", Meaning::Nothing(SCAN)),
    ("dynamicAccounts.scanFrequencySeconds", Meaning::Nothing(SCAN)),
    ("dynamicAccounts.namePatterns", Meaning::Nothing(SCAN)),
    ("dynamicAccounts.credentialScanNamePatterns", Meaning::Nothing(SCAN)),
    ("dynamicAccounts.interceptor.enabled", Meaning::Nothing(INTERCEPT)),
    ("grpc.server.address", Meaning::Address),
    ("grpc.server.port", Meaning::Port),
    ("grpc.server.maxInboundMessageSize", Meaning::Size("agents.max_message")),
    ("grpc.server.healthServiceEnabled", Meaning::Nothing("the health service is always there")),
    ("grpc.server.security.enabled", Meaning::MustBeFalse(TLS)),
    ("grpc.server.security.certificateChain", Meaning::Nothing(TLS_DETAIL)),
    ("grpc.server.security.privateKey", Meaning::Nothing(TLS_DETAIL)),
    ("grpc.server.security.privateKeyPassword", Meaning::Nothing(TLS_DETAIL)),
    ("grpc.server.security.clientAuth", Meaning::Nothing(TLS_DETAIL)),
    ("grpc.server.security.trustCertCollection", Meaning::Nothing(TLS_DETAIL)),
    ("grpc.server.security.ciphers", Meaning::Nothing(TLS_DETAIL)),
    ("grpc.server.security.protocols", Meaning::Nothing(TLS_DETAIL)),
    ("cache.accountCleanupFrequencySeconds", Meaning::Seconds("agents.cleanup")),
    (
        "cache.operationWaitMs",
        Meaning::Millis(&["activation.deadline", "deactivation.deadline", "deletion.deadline"]),
    ),
];

/// The part of a name behind the original's prefix, if it has one.
pub(crate) fn of_the_original(name: &str) -> Option<&str> {
    name.strip_prefix("armory.kubesvc.").or_else(|| name.strip_prefix("kubesvc."))
}

/// Translates one key. `inner` is its name without the prefix, `place` where it stands; `listen` is the address of the
/// agent link so far, of which the original sets host and port by themselves.
///
/// # Errors
/// A key that is not understood, a value that is not right, or one that must not be lost.
pub(crate) fn translate(
    inner: &str,
    leaf: &Leaf,
    place: &str,
    listen: (&str, u16),
) -> Result<Translated, Fault> {
    let Some((_, meaning)) = KEYS.iter().find(|(known, _)| is_same(known, inner)) else {
        return Err(Fault::Unknown {
            place: place.to_owned(),
            name: leaf.name.clone(),
            nearest: nearest(inner, KEYS.iter().map(|(known, _)| *known))
                .map(|key| format!("kubesvc.{key}")),
        });
    };
    let wrong = |wanted: &str| Fault::Value {
        place: place.to_owned(),
        name: leaf.name.clone(),
        wanted: wanted.to_owned(),
    };
    match *meaning {
        Meaning::Same(ours) => Ok(Translated::To(vec![(ours, leaf.value.clone())])),
        Meaning::Seconds(ours) => {
            let seconds =
                whole(&leaf.value).ok_or_else(|| wrong("a number of seconds is wanted"))?;
            Ok(Translated::To(vec![(ours, Given::from(format!("{seconds}s")))]))
        }
        Meaning::Millis(ours) => {
            let millis =
                whole(&leaf.value).ok_or_else(|| wrong("a number of milliseconds is wanted"))?;
            Ok(Translated::To(
                ours.iter().map(|ours| (*ours, Given::from(format!("{millis}ms")))).collect(),
            ))
        }
        Meaning::Size(ours) => {
            let size =
                spring_size(&leaf.value).ok_or_else(|| wrong("a size is wanted, like 4MB"))?;
            Ok(Translated::To(vec![(ours, Given::from(size))]))
        }
        Meaning::Address => {
            let host = leaf.value.as_str().ok_or_else(|| wrong("an address is wanted"))?;
            Ok(Translated::To(vec![("agents.listen", Given::from(address(host, listen.1)))]))
        }
        Meaning::Port => {
            let port = whole(&leaf.value)
                .and_then(|port| u16::try_from(port).ok())
                .ok_or_else(|| wrong("a port is wanted"))?;
            Ok(Translated::To(vec![("agents.listen", Given::from(address(listen.0, port)))]))
        }
        Meaning::Nothing(why) => Ok(Translated::Nothing(why)),
        Meaning::MustBeFalse(why) => match leaf.value.to_bool_lossy() {
            Some(false) => Ok(Translated::Nothing("off here too")),
            Some(true) | None => Err(Fault::Original {
                place: place.to_owned(),
                name: leaf.name.clone(),
                why: why.to_owned(),
            }),
        },
    }
}

/// Spring reads `max-retries`, `maxRetries` and `maxretries` as one.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.replace(['-', '_'], "").to_lowercase();
    plain(one) == plain(other)
}

fn spring_size(value: &Given) -> Option<String> {
    if let Some(bytes) = whole(value) {
        return Some(format!("{bytes}B"));
    }
    let text = value.as_str()?.trim().to_uppercase();
    [("KB", "KiB"), ("MB", "MiB"), ("GB", "GiB"), ("B", "B")].into_iter().find_map(
        |(theirs, ours)| {
            let number: u64 = text.strip_suffix(theirs)?.trim().parse().ok()?;
            Some(format!("{number}{ours}"))
        },
    )
}

/// The original's `*` is every address of the machine.
fn address(host: &str, port: u16) -> String {
    match host {
        "*" => format!("0.0.0.0:{port}"),
        six if six.contains(':') && !six.starts_with('[') => format!("[{six}]:{port}"),
        other => format!("{other}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(name: &str, value: impl Into<Given>) -> Result<Translated, Fault> {
        let leaf = Leaf { name: format!("kubesvc.{name}"), line: 1, value: value.into() };
        translate(name, &leaf, "swingbridge.yml, line 1", ("127.0.0.1", 9091))
    }

    fn to(pairs: &[(&'static str, &str)]) -> Translated {
        Translated::To(pairs.iter().map(|(key, value)| (*key, Given::from(*value))).collect())
    }

    fn text(translated: &Translated) -> Vec<(&'static str, String)> {
        match translated {
            Translated::To(pairs) => pairs
                .iter()
                .map(|(key, value)| (*key, value.as_str().unwrap_or_default().to_owned()))
                .collect(),
            Translated::Nothing(_) => Vec::new(),
        }
    }

    #[test]
    fn units_of_the_original_become_ours() {
        let cases: [(&str, Given, Translated); 5] = [
            ("dynamicAccounts.retryFrequencySeconds", 7.into(), to(&[("retry.first", "7s")])),
            (
                "cache.accountCleanupFrequencySeconds",
                "600".into(),
                to(&[("agents.cleanup", "600s")]),
            ),
            (
                "grpc.server.maxInboundMessageSize",
                "4MB".into(),
                to(&[("agents.max_message", "4MiB")]),
            ),
            ("grpc.server.port", 9095.into(), to(&[("agents.listen", "127.0.0.1:9095")])),
            ("grpc.server.address", "*".into(), to(&[("agents.listen", "0.0.0.0:9091")])),
        ];
        for (name, value, wanted) in cases {
            assert_eq!(text(&translated(name, value).expect(name)), text(&wanted), "{name}");
        }
        let waits = translated("cache.operationWaitMs", 30_000).expect("understood");
        assert_eq!(text(&waits).len(), 3);
        assert!(text(&waits).iter().all(|(_, value)| value == "30000ms"));
    }

    #[test]
    fn encryption_that_was_asked_for_is_never_left_out_silently() {
        assert!(matches!(
            translated("grpc.server.security.enabled", true),
            Err(Fault::Original { .. })
        ));
        assert!(matches!(
            translated("grpc.server.security.enabled", false),
            Ok(Translated::Nothing(_))
        ));
    }

    #[test]
    fn an_unknown_key_of_the_original_offers_the_nearest() {
        let fault = translated("dynamicAccounts.maxRetrys", 3).expect_err("not known");
        assert!(fault.to_string().contains("kubesvc.dynamicAccounts.maxRetries"), "{fault}");
    }

    #[test]
    fn spellings_that_spring_takes_are_taken() {
        assert!(translated("dynamic-accounts.max-retries", 3).is_ok());
    }
}
