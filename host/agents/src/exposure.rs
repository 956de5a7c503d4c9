//! How far a connection is trusted (`spec/agent-link.md`, rule 6). The only place that knows how a connection is
//! protected; whoever adds TLS or tokens answers these two questions for them, here.

use std::net::{IpAddr, SocketAddr};

use crate::options::Options;

/// Whether the link may listen there in plain text: on loopback freely, elsewhere if it was said to be wanted.
pub(crate) fn may_listen(listen: SocketAddr, options: &Options) -> bool {
    is_loopback(listen.ip()) || options.insecure
}

/// Whether secret values may travel to this peer: in plain text on loopback freely, elsewhere if it was said to be
/// wanted. A peer that cannot be told is elsewhere.
pub(crate) fn may_carry_secrets(peer: Option<SocketAddr>, options: &Options) -> bool {
    peer.is_some_and(|peer| is_loopback(peer.ip()))
        || (options.insecure && options.send_secrets_in_clear)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::{Options, may_carry_secrets, may_listen};

    fn options(insecure: bool, send_secrets_in_clear: bool) -> Options {
        Options { insecure, send_secrets_in_clear, ..Options::default() }
    }

    #[test]
    fn plain_text_is_free_on_loopback_and_elsewhere_only_if_it_was_asked_for() {
        for (listen, insecure, expected) in [
            ("127.0.0.1:9091", false, true),
            ("[::1]:9091", false, true),
            ("[::ffff:127.0.0.1]:9091", false, true),
            ("0.0.0.0:9091", false, false),
            ("10.0.0.1:9091", false, false),
            ("10.0.0.1:9091", true, true),
        ] {
            let listen = listen.parse().unwrap();
            assert_eq!(may_listen(listen, &options(insecure, false)), expected, "{listen}");
        }
    }

    #[test]
    fn secrets_leave_the_machine_in_clear_only_if_that_too_was_asked_for() {
        let far = Some("10.0.0.1:40000".parse().unwrap());
        let near = Some("127.0.0.1:40000".parse().unwrap());
        assert!(may_carry_secrets(near, &options(false, false)));
        assert!(!may_carry_secrets(far, &options(true, false)));
        assert!(may_carry_secrets(far, &options(true, true)));
        assert!(!may_carry_secrets(far, &options(false, true)));
        assert!(!may_carry_secrets(None, &options(true, false)));
    }
}
