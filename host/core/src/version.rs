//! Versions of the program, put in order.

/// The place of a version such as `1.4.2` among all versions: later ones are greater. What follows a hyphen or a plus
/// does not count, and what is no number counts as 0.
#[must_use]
pub fn rank(version: &str) -> u64 {
    let release = version.split(['-', '+']).next().unwrap_or_default();
    let mut parts = release.split('.').map(|part| part.parse::<u64>().unwrap_or_default());
    let mut next = || parts.next().unwrap_or_default().min(0xf_ffff);
    (next() << 40) | (next() << 20) | next()
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn later_versions_are_greater() {
        let sorted = ["0.1.0", "0.1.9", "0.1.10", "0.2.0", "1.0.0", "1.0.1", "12.0.0"];
        for pair in sorted.windows(2) {
            assert!(rank(pair[0]) < rank(pair[1]), "{pair:?}");
        }
        assert_eq!(rank("1.2.3-rc.1"), rank("1.2.3+build"));
        assert_eq!(rank("odd"), 0);
    }
}
