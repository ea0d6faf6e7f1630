//! Batches in the form that Loki's push takes: Protocol Buffers, packed by Snappy.

use super::{Batch, Entry};
use metrics::bytes::{put_slice, put_varint};

const SECOND: i64 = 1_000_000_000;

/// The body of a request with these lines.
pub(super) fn body(batch: &Batch) -> Vec<u8> {
    let mut plain = Vec::new();
    for (labels, entries) in &batch.streams {
        let mut stream = vec![0x0a];
        put_slice(&mut stream, labels.to_string().as_bytes());
        for entry in entries {
            stream.push(0x12);
            put_slice(&mut stream, &put_entry(entry));
        }
        plain.push(0x0a);
        put_slice(&mut plain, &stream);
    }
    snap::raw::Encoder::new().compress_vec(&plain).unwrap_or_default()
}

fn put_entry(entry: &Entry) -> Vec<u8> {
    let mut time = Vec::new();
    let parts = [(0x08, entry.time.div_euclid(SECOND)), (0x10, entry.time.rem_euclid(SECOND))];
    for (key, number) in parts {
        time.push(key);
        put_varint(&mut time, number.unsigned_abs());
    }
    let mut out = vec![0x0a];
    put_slice(&mut out, &time);
    out.push(0x12);
    put_slice(&mut out, entry.line.as_bytes());
    out
}
