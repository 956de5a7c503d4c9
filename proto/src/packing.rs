//! Many things into few messages: both ends pack by the same rule, so that no message exceeds its bound.

use prost::Message;

/// How full a message is made, in bytes. Well under the bound: the other end can begin before all has come, and a
/// queue of messages stays small.
pub const COMFORTABLE: usize = 256 * 1024;

/// What a message costs beside the things in it (ids, labels, tags), at most.
pub const ENVELOPE: usize = 160 * 1024;

/// What became of the things.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed<T> {
    /// One list per message, in the order that was given.
    pub parts: Vec<Vec<T>>,
    /// Those that fit into no message.
    pub too_large: Vec<T>,
}

/// Packs things into messages of a comfortable size. A larger one travels alone, if a message of `max` bytes takes it.
pub fn pack<T: Message>(things: impl IntoIterator<Item = T>, max: usize) -> Packed<T> {
    let mut packed = Packed { parts: Vec::new(), too_large: Vec::new() };
    let (mut part, mut filled) = (Vec::new(), 0);
    for thing in things {
        let size = cost(&thing);
        if size > max.saturating_sub(ENVELOPE) {
            packed.too_large.push(thing);
            continue;
        }
        if filled + size > COMFORTABLE && !part.is_empty() {
            packed.parts.push(std::mem::take(&mut part));
            filled = 0;
        }
        filled += size;
        part.push(thing);
    }
    if !part.is_empty() {
        packed.parts.push(part);
    }
    packed
}

/// What a thing takes in a repeated field: its tag (one byte up to field 15), its length, itself.
pub fn cost(thing: &impl Message) -> usize {
    let length = thing.encoded_len();
    1 + prost::length_delimiter_len(length) + length
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::{COMFORTABLE, cost, pack};
    use crate::agent::v1::{Operation, Operations};
    use crate::bounds::{MESSAGE_BYTES, MESSAGE_BYTES_MIN};

    fn operation(bytes: usize) -> Operation {
        Operation { definition: vec![b'x'; bytes], ..Operation::default() }
    }

    #[test]
    fn the_cost_of_a_thing_is_what_it_adds_to_the_message() {
        for bytes in [0, 1, 100, 127, 128, 20_000] {
            let one = operation(bytes);
            let mut message = Operations { operations: vec![operation(7)] };
            let before = message.encoded_len();
            message.operations.push(one.clone());
            assert_eq!(message.encoded_len() - before, cost(&one), "{bytes} bytes");
        }
    }

    #[test]
    fn parts_are_comfortable_and_keep_the_order() {
        let packed = pack((0..100).map(|n| operation(10_000 + n)), MESSAGE_BYTES);
        assert!(packed.parts.len() > 1 && packed.too_large.is_empty());
        for part in &packed.parts {
            assert!(part.iter().map(cost).sum::<usize>() <= COMFORTABLE);
        }
        let order: Vec<usize> = packed.parts.iter().flatten().map(|o| o.definition.len()).collect();
        assert_eq!(order, (0..100).map(|n| 10_000 + n).collect::<Vec<_>>());
    }

    #[test]
    fn a_large_thing_travels_alone_and_a_larger_one_not_at_all() {
        let packed = pack(
            [operation(1), operation(300_000), operation(2), operation(600_000)],
            MESSAGE_BYTES_MIN,
        );
        assert_eq!(packed.parts.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1]);
        assert_eq!(packed.too_large.len(), 1);
    }
}
