//! A record as the bytes that are kept of it: its JSON on one line, as gzip.

use std::io::{self, Read as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use host_core::record::Record;

/// Packs a record.
///
/// # Errors
/// When it cannot be written as JSON, which none of ours is.
pub fn packed(record: &Record) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut encoder, record)?;
    encoder.finish()
}

/// The JSON of a packed record, on one line.
///
/// # Errors
/// When the bytes are not those of a record.
pub fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut text)?;
    Ok(text)
}

/// Packed bytes that are not worth a thread.
const SMALL: usize = 16 << 10;

/// The same, without holding up whoever else is served by the thread.
///
/// # Errors
/// As for [`unpacked`].
pub async fn unpacked_aside(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    if bytes.len() <= SMALL {
        return unpacked(&bytes);
    }
    let unpacking = tokio::task::spawn_blocking(move || unpacked(&bytes));
    unpacking.await.map_err(io::Error::other)?
}
