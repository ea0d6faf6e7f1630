//! Bodies of Loki's push: Protocol Buffers within a Snappy block, or JSON; in and out.

use std::borrow::Cow;
use std::io::Read as _;

use metrics::bytes::{Reader, put_slice, put_varint};
use metrics::{Labels, Matcher, Op, Refused};
use serde_json::Value;

use crate::logql::selector;
use crate::store::{Appended, Line, Store, Stream};
use crate::{Entry, SECOND};

/// What a request may be when it is unpacked.
const LARGEST: usize = 64 << 20;
/// JSON takes many times as much in memory as it is long.
const LARGEST_JSON: u64 = 16 << 20;
/// Lines of a request: one without text takes many times as much in memory.
const MOST: usize = 500_000;

/// In which form a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/x-protobuf`, packed with Snappy.
    Protobuf,
    /// `application/json`.
    Json,
    /// `application/json`, packed with gzip.
    PackedJson,
}

fn bad(why: impl std::fmt::Display) -> Refused {
    Refused::Malformed(format!("the push request {why}"))
}

impl Store {
    /// Keeps what is in the body of a push request.
    pub fn push(&mut self, body: &[u8], form: Form, now: i64) -> Result<Appended, Refused> {
        match form {
            Form::Protobuf => {
                let plain = unpack(body)?;
                let (streams, refused) = protobuf(&plain)?;
                self.keep(&streams, refused, now)
            }
            Form::Json => self.keep(&json(body)?, Appended::default(), now),
            Form::PackedJson => {
                let plain = gunzip(body)?;
                self.keep(&json(&plain)?, Appended::default(), now)
            }
        }
    }

    fn keep(
        &mut self,
        streams: &[Stream<'_>],
        refused: Appended,
        now: i64,
    ) -> Result<Appended, Refused> {
        let mut said = self.append(streams, now)?;
        said.refused += refused.refused;
        said.why = refused.why.or(said.why);
        Ok(said)
    }
}

fn unpack(body: &[u8]) -> Result<Vec<u8>, Refused> {
    let length = snap::raw::decompress_len(body).map_err(|_| bad("is no Snappy block"))?;
    if length > LARGEST {
        return Err(bad("is larger than 64 MiB: send less at once"));
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(|_| bad("is no Snappy block"))
}

/// Unpacks no more than there may be, whatever the body says that it holds.
fn gunzip(body: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut plain = Vec::new();
    let mut unpacked = flate2::read::MultiGzDecoder::new(body).take(LARGEST_JSON + 1);
    let read = unpacked.read_to_end(&mut plain);
    read.map_err(|error| bad(format!("cannot be unpacked by gzip: {error}")))?;
    if plain.len() as u64 > LARGEST_JSON {
        return Err(bad("is larger than 16 MiB when it is unpacked: send less at once"));
    }
    Ok(plain)
}

/// A field of a message.
enum Field<'a> {
    Number(u64, u64),
    Bytes(u64, &'a [u8]),
}

/// The next field; an error if it cannot be read.
fn field<'a>(reader: &mut Reader<'a>) -> Option<Field<'a>> {
    let key = reader.varint()?;
    let number = key >> 3;
    Some(match key & 7 {
        0 => Field::Number(number, reader.varint()?),
        1 => Field::Number(number, reader.u64()?),
        2 => Field::Bytes(number, reader.slice()?),
        5 => Field::Number(number, u64::from(reader.u32()?)),
        _ => return None,
    })
}

/// The streams of a request; what is said of those whose labels are wrong.
fn protobuf(plain: &[u8]) -> Result<(Vec<Stream<'_>>, Appended), Refused> {
    let (mut streams, mut said, mut left) = (Vec::new(), Appended::default(), MOST);
    let mut reader = Reader::new(plain);
    while !reader.is_empty() {
        let found = field(&mut reader)
            .ok_or_else(|| bad("is not the Protocol Buffer that it should be"))?;
        let Field::Bytes(1, stream) = found else { continue };
        let (labels, lines) = read_stream(stream, &mut left)
            .ok_or_else(|| bad("has a stream that cannot be read"))?;
        if left == 0 {
            return Err(bad(format!("has more than {MOST} lines: send less at once")));
        }
        match read_labels(&labels) {
            Ok(labels) => streams.push(Stream { labels, lines }),
            Err(why) => said.refuse(lines.len(), || why),
        }
    }
    Ok((streams, said))
}

fn read_stream<'a>(bytes: &'a [u8], left: &mut usize) -> Option<(Cow<'a, str>, Vec<Line<'a>>)> {
    let mut reader = Reader::new(bytes);
    let (mut labels, mut lines) = (Cow::Borrowed(""), Vec::new());
    while !reader.is_empty() && *left > 0 {
        match field(&mut reader)? {
            Field::Bytes(1, text) => labels = String::from_utf8_lossy(text),
            Field::Bytes(2, entry) => {
                *left -= 1;
                lines.push(read_entry(entry)?);
            }
            Field::Bytes(..) | Field::Number(..) => {}
        }
    }
    Some((labels, lines))
}

fn read_entry(bytes: &[u8]) -> Option<Line<'_>> {
    let mut reader = Reader::new(bytes);
    let mut line = Line { time: 0, line: "".into(), metadata: Labels::default() };
    let mut known = Vec::new();
    while !reader.is_empty() {
        match field(&mut reader)? {
            Field::Bytes(1, time) => line.time = read_time(time)?,
            // What is no UTF-8 is not lost for a few letters.
            Field::Bytes(2, text) => line.line = String::from_utf8_lossy(text),
            Field::Bytes(3, pair) => known.push(read_pair(pair)?),
            Field::Bytes(..) | Field::Number(..) => {}
        }
    }
    if !known.is_empty() {
        line.metadata = Labels::new(known);
    }
    Some(line)
}

fn read_time(bytes: &[u8]) -> Option<i64> {
    let mut reader = Reader::new(bytes);
    let (mut seconds, mut nanoseconds) = (0, 0);
    while !reader.is_empty() {
        match field(&mut reader)? {
            Field::Number(1, number) => seconds = number as i64,
            Field::Number(2, number) => nanoseconds = number as i64,
            Field::Bytes(..) | Field::Number(..) => {}
        }
    }
    Some(seconds.saturating_mul(SECOND).saturating_add(nanoseconds))
}

fn read_pair(bytes: &[u8]) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let mut reader = Reader::new(bytes);
    let (mut name, mut value) = (Cow::Borrowed(""), Cow::Borrowed(""));
    while !reader.is_empty() {
        match field(&mut reader)? {
            Field::Bytes(1, text) => name = String::from_utf8_lossy(text),
            Field::Bytes(2, text) => value = String::from_utf8_lossy(text),
            Field::Bytes(..) | Field::Number(..) => {}
        }
    }
    Some((name, value))
}

/// Labels as senders write them: `{job="x", host="y"}`.
fn read_labels(text: &str) -> Result<Labels, String> {
    let wrong = |why: String| format!("the labels {text:.200} are wrong: {why}");
    if text.chars().all(|c| c.is_whitespace() || c == '{' || c == '}') {
        return Ok(Labels::default());
    }
    let matchers = selector(text).map_err(|error| wrong(error.says))?;
    match matchers.iter().find(|matcher| matcher.op != Op::Equal) {
        Some(matcher) => Err(wrong(format!("{} needs a =", matcher.name))),
        None => Ok(Labels::new(matchers.iter().map(|Matcher { name, value, .. }| (name, value)))),
    }
}

/// The streams of a request in JSON.
fn json(body: &[u8]) -> Result<Vec<Stream<'static>>, Refused> {
    if body.len() > LARGEST {
        return Err(bad("is larger than 64 MiB: send less at once"));
    }
    let value: Value =
        serde_json::from_slice(body).map_err(|error| bad(format!("is no JSON: {error}")))?;
    let shape =
        || bad(r#"is not {"streams": [{"stream": {…}, "values": [["nanoseconds", "line"]]}]}"#);
    let streams = value.get("streams").and_then(Value::as_array).ok_or_else(shape)?;
    let read = |stream: &Value| json_stream(stream).ok_or_else(shape);
    streams.iter().map(read).collect()
}

fn json_labels(value: &Value) -> Option<Labels> {
    let pairs = value.as_object()?.iter().map(|(name, value)| Some((name, value.as_str()?)));
    Some(Labels::new(pairs.collect::<Option<Vec<_>>>()?))
}

fn json_stream(value: &Value) -> Option<Stream<'static>> {
    let labels = json_labels(value.get("stream")?)?;
    let lines = value.get("values")?.as_array()?.iter().map(|entry| {
        let (time, line) = (entry.get(0)?.as_str()?, entry.get(1)?.as_str()?);
        let metadata = entry.get(2).map_or(Some(Labels::default()), json_labels)?;
        Some(Line { time: time.parse().ok()?, line: line.to_owned().into(), metadata })
    });
    Some(Stream { labels, lines: lines.collect::<Option<Vec<_>>>()? })
}

/// The body of a push request as a Snappy block, for a server elsewhere.
pub fn request<'a>(streams: impl IntoIterator<Item = (&'a Labels, &'a [Entry])>) -> Vec<u8> {
    let mut plain = Vec::new();
    for (labels, entries) in streams {
        let mut message = Vec::new();
        message.push(0x0a);
        put_slice(&mut message, labels.to_string().as_bytes());
        for entry in entries {
            message.push(0x12);
            put_slice(&mut message, &put_entry(entry));
        }
        plain.push(0x0a);
        put_slice(&mut plain, &message);
    }
    snap::raw::Encoder::new().compress_vec(&plain).unwrap_or_default()
}

fn put_entry(entry: &Entry) -> Vec<u8> {
    let mut time = Vec::new();
    for (key, number) in
        [(0x08, entry.time.div_euclid(SECOND)), (0x10, entry.time.rem_euclid(SECOND))]
    {
        time.push(key);
        put_varint(&mut time, number as u64);
    }
    let mut out = vec![0x0a];
    put_slice(&mut out, &time);
    out.push(0x12);
    put_slice(&mut out, entry.line.as_bytes());
    for (name, value) in entry.metadata.iter() {
        let mut pair = vec![0x0a];
        put_slice(&mut pair, name.as_bytes());
        pair.push(0x12);
        put_slice(&mut pair, value.as_bytes());
        out.push(0x1a);
        put_slice(&mut out, &pair);
    }
    out
}
