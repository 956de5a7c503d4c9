//! Hosts that are addresses in disguise. Resolvers read `0xa9fea9fe`, `2852039166` and `0251.0376.0251.0376` as
//! `169.254.169.254`: whoever checks names by their words would be led past the networks that are refused.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a host is an address that is not written as everybody reads it: four decimal numbers, or IPv6. As for
/// browsers, a host is an IPv4 address if its last part is a number: no domain ends so.
pub(crate) fn disguised(host: &str) -> bool {
    if host.contains(':') {
        return host.parse::<Ipv6Addr>().is_err();
    }
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or_default();
    // What is written in percent may be unpacked by somebody else.
    host.contains('%') || (is_number(last) && host.parse::<Ipv4Addr>().is_err())
}

fn is_number(text: &str) -> bool {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    hex.map_or_else(
        || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        |digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
    )
}

#[cfg(test)]
mod tests {
    use super::disguised;

    #[test]
    fn an_address_is_taken_only_as_everybody_reads_it() {
        for odd in [
            "0xa9fea9fe",
            "0XA9FEA9FE",
            "2852039166",
            "0251.0376.0251.0376",
            "169.254.43518",
            "169.254.169.254.",
            "1.2.3.256",
            "127.1",
            "0x",
            "a.0x7f",
            "%31.2.3.4",
            "fe80::1%eth0",
            "fe80::1%25eth0",
        ] {
            assert!(disguised(odd), "{odd}");
        }
        for plain in ["169.254.169.254", "::1", "::ffff:1.2.3.4", "api", "k8s-1", "a.b.", "1.a"] {
            assert!(!disguised(plain), "{plain}");
        }
    }
}
