//! What waits to be written: bounded by count and by bytes, calls that were stopped before the others.

use std::collections::VecDeque;

use host_core::record::{End, Record};

use super::weight::weight;

/// How much there is room for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Records.
    pub(super) records: usize,
    /// Bytes, near enough.
    pub(super) bytes: usize,
}

/// Records in the order in which they came, each with its bytes, and the bytes of all.
#[derive(Debug, Default)]
struct Line {
    records: VecDeque<(usize, Record)>,
    bytes: usize,
}

impl Line {
    fn push(&mut self, bytes: usize, record: Record) {
        self.bytes += bytes;
        self.records.push_back((bytes, record));
    }

    /// Drops the newest; answers whether there was one.
    fn drop_newest(&mut self) -> bool {
        let newest = self.records.pop_back();
        self.bytes -= newest.as_ref().map_or(0, |(bytes, _)| *bytes);
        newest.is_some()
    }

    /// Takes the oldest, if it has no more than these bytes.
    fn take(&mut self, most: usize) -> Option<(usize, Record)> {
        self.records.front().filter(|(bytes, _)| *bytes <= most)?;
        let (bytes, record) = self.records.pop_front()?;
        self.bytes -= bytes;
        Some((bytes, record))
    }
}

/// What waits.
#[derive(Debug)]
pub(super) struct Queue {
    room: Room,
    stopped: Line,
    others: Line,
}

impl Queue {
    pub(super) fn new(room: Room) -> Self {
        Self { room, stopped: Line::default(), others: Line::default() }
    }

    fn len(&self) -> usize {
        self.stopped.records.len() + self.others.records.len()
    }

    fn has_room(&self, beside: &[&Line], bytes: usize) -> bool {
        let records: usize = beside.iter().map(|line| line.records.len()).sum();
        let waiting: usize = beside.iter().map(|line| line.bytes).sum();
        records < self.room.records && waiting + bytes <= self.room.bytes
    }

    /// Puts a record behind the others. One that was stopped may take the room of the newest that were not. Answers how
    /// many were dropped for it, or that it was.
    pub(super) fn put(&mut self, record: Record) -> usize {
        let bytes = weight(&record);
        let stopped = matches!(record.end, End::Stopped(_));
        let mut dropped = 0;
        if stopped && self.has_room(&[&self.stopped], bytes) {
            while !self.has_room(&[&self.stopped, &self.others], bytes) && self.others.drop_newest()
            {
                dropped += 1;
            }
        }
        if !self.has_room(&[&self.stopped, &self.others], bytes) {
            return 1;
        }
        let line = if stopped { &mut self.stopped } else { &mut self.others };
        line.push(bytes, record);
        dropped
    }

    /// The next records, those that were stopped first; at least one, if any waits.
    pub(super) fn next(&mut self, most: Room) -> Vec<Record> {
        let mut records = Vec::new();
        let mut left = most.bytes;
        while records.len() < most.records {
            let line = if self.stopped.bytes > 0 { &mut self.stopped } else { &mut self.others };
            let fits = if records.is_empty() { usize::MAX } else { left };
            let Some((bytes, record)) = line.take(fits) else { break };
            left = left.saturating_sub(bytes);
            records.push(record);
        }
        records
    }

    /// Drops everything; answers how much that was.
    pub(super) fn clear(&mut self) -> usize {
        let left = self.len();
        *self = Self::new(self.room);
        left
    }
}
