//! Remote write 1.0: Protocol Buffers within a Snappy block, in and out.

use crate::bytes::{Reader, put_slice, put_varint};
use crate::labels::Labels;
use crate::store::{Appended, Metadata, Refused, Samples, Store};

/// What a request may be when it is unpacked.
const LARGEST: usize = 64 << 20;
/// What room for unpacked requests is kept until the next one: most need no more.
const KEPT: usize = 2 << 20;
/// Samples of a request: one of two bytes takes twenty times as much in memory.
const MOST: usize = 1_000_000;

impl Store {
    /// Keeps what is in the body of a remote write request.
    pub fn remote_write(&mut self, body: &[u8], now: i64) -> Result<Appended, Refused> {
        let bad = |why: &str| Refused::Malformed(format!("the remote write request {why}"));
        let length = snap::raw::decompress_len(body).map_err(|_| bad("is no Snappy block"))?;
        if length > LARGEST {
            return Err(bad("is larger than 64 MiB: send less at once"));
        }
        let mut bytes = std::mem::take(&mut self.unpacked);
        bytes.resize(length, 0);
        let unpacked = snap::raw::Decoder::new().decompress(body, &mut bytes);
        let kept = match unpacked {
            Ok(_) => self.write(&bytes, now),
            Err(_) => Err(bad("is no Snappy block")),
        };
        if bytes.capacity() <= KEPT {
            self.unpacked = bytes;
        }
        kept
    }

    /// Keeps what is in a request that is unpacked.
    fn write(&mut self, bytes: &[u8], now: i64) -> Result<Appended, Refused> {
        let bad = |why: &str| Refused::Malformed(format!("the remote write request {why}"));
        let request =
            check(bytes).ok_or_else(|| bad("is not the Protocol Buffer that it should be"))?;
        if has_too_many(bytes) {
            return Err(bad(&format!("has more than {MOST} samples: send less at once")));
        }
        for (metric, metadata) in request {
            self.describe(&metric, metadata);
        }
        let mut batch = self.batch();
        let mut values = Vec::new();
        for series in fields(bytes).filter_map(|field| field.message(1)) {
            match samples(series, self.likely(&batch), &mut values) {
                Some(labels) => {
                    self.collect(&mut batch, Samples { labels: &labels, values: &values }, now);
                }
                // How many samples it was to have, nobody knows.
                None => batch.refuse(1, || "a series of the request cannot be read".into()),
            }
        }
        self.keep(batch)
    }
}

/// A field of a message.
struct Field<'a> {
    number: u64,
    content: Content<'a>,
}

enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Bad,
}

impl<'a> Field<'a> {
    fn message(&self, number: u64) -> Option<&'a [u8]> {
        match self.content {
            Content::Bytes(bytes) if self.number == number => Some(bytes),
            Content::Bytes(_) | Content::Number(_) | Content::Bad => None,
        }
    }

    fn text(&self, number: u64) -> Option<&'a str> {
        std::str::from_utf8(self.message(number)?).ok()
    }
}

/// The fields of a message; where it goes wrong a last one that is bad.
fn fields(bytes: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut reader = Some(Reader::new(bytes)).filter(|reader| !reader.is_empty());
    std::iter::from_fn(move || {
        let mut ahead = reader?;
        let field = field(&mut ahead);
        reader = field.is_some().then_some(ahead).filter(|reader| !reader.is_empty());
        Some(field.unwrap_or(Field { number: 0, content: Content::Bad }))
    })
}

fn field<'a>(reader: &mut Reader<'a>) -> Option<Field<'a>> {
    let key = reader.varint()?;
    let content = match key & 7 {
        0 => Content::Number(reader.varint()?),
        1 => Content::Number(reader.u64()?),
        2 => Content::Bytes(reader.slice()?),
        5 => Content::Number(u64::from(reader.u32()?)),
        _ => return None,
    };
    Some(Field { number: key >> 3, content })
}

/// Whether every message can be read; what it tells of metrics.
fn check(bytes: &[u8]) -> Option<Vec<(String, Metadata)>> {
    let mut told = Vec::new();
    for field in fields(bytes) {
        if matches!(field.content, Content::Bad) {
            return None;
        }
        if let Some(metadata) = field.message(3) {
            told.extend(self::metadata(metadata));
        }
    }
    Some(told)
}

/// Whether there are more samples than may be; only a large request is looked through for that.
fn has_too_many(bytes: &[u8]) -> bool {
    let series = fields(bytes).filter_map(|field| field.message(1));
    let samples = || series.flat_map(fields).filter(|field| field.message(2).is_some());
    bytes.len() / 2 > MOST && samples().nth(MOST).is_some()
}

fn metadata(bytes: &[u8]) -> Option<(String, Metadata)> {
    let (mut metric, mut metadata) = (None, Metadata::default());
    for field in fields(bytes) {
        if let (1, Content::Number(kind)) = (field.number, &field.content) {
            let kinds = ["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary"];
            metadata.kind = (*kinds.get(usize::try_from(*kind).ok()?).unwrap_or(&"unknown")).into();
        }
        metric = field.text(2).or(metric);
        metadata.help = field.text(4).map_or(metadata.help, str::to_owned);
        metadata.unit = field.text(5).map_or(metadata.unit, str::to_owned);
    }
    Some((metric?.to_owned(), metadata))
}

/// The labels of a series as the bytes that they are in, and its samples. Labels come first and in
/// one piece from every sender that there is; others are put together. Where they are likely to be
/// known, they need not be read.
fn samples<'a>(
    series: &'a [u8],
    likely: &[u8],
    values: &mut Vec<(i64, f64)>,
) -> Option<std::borrow::Cow<'a, [u8]>> {
    values.clear();
    let mut reader = Reader::new(series);
    if let Some(rest) = series.strip_prefix(likely) {
        reader = Reader::new(rest);
    }
    while reader.rest().first() == Some(&0x0a) {
        reader.byte();
        reader.slice()?;
    }
    let (labels, rest) = series.split_at_checked(series.len() - reader.rest().len())?;
    let mut scattered = Vec::new();
    for field in fields(rest) {
        match (field.number, field.content) {
            (1, Content::Bytes(label)) => {
                scattered.push(0x0a);
                put_slice(&mut scattered, label);
            }
            (2, Content::Bytes(bytes)) => values.push(sample(bytes)?),
            (_, Content::Bad) => return None,
            (_, Content::Bytes(_) | Content::Number(_)) => {}
        }
    }
    Some(if scattered.is_empty() { labels.into() } else { [labels, &scattered].concat().into() })
}

fn sample(bytes: &[u8]) -> Option<(i64, f64)> {
    usual(bytes).or_else(|| unusual(bytes))
}

/// A sample as senders write it: the value, unless it is zero, and the time.
fn usual(bytes: &[u8]) -> Option<(i64, f64)> {
    let mut reader = Reader::new(bytes);
    let mut value = 0.0;
    if bytes.first() == Some(&0x09) {
        reader.byte();
        value = f64::from_bits(reader.u64()?);
    }
    let time = (reader.byte()? == 0x10).then(|| reader.varint())??;
    reader.is_empty().then_some((time as i64, value))
}

fn unusual(bytes: &[u8]) -> Option<(i64, f64)> {
    let (mut time, mut value) = (0, 0.0);
    for field in fields(bytes) {
        match (field.number, field.content) {
            (1, Content::Number(bits)) => value = f64::from_bits(bits),
            (2, Content::Number(number)) => time = number as i64,
            (_, Content::Bad) => return None,
            (_, Content::Bytes(_) | Content::Number(_)) => {}
        }
    }
    Some((time, value))
}

/// Names and values from bytes that are not in order.
pub(crate) fn pairs(bytes: &[u8]) -> Option<Vec<(&str, &str)>> {
    let mut pairs = Vec::new();
    for field in fields(bytes) {
        let (mut name, mut value) = ("", "");
        for part in fields(field.message(1)?) {
            let text = std::str::from_utf8(part.message(part.number)?).ok()?;
            match part.number {
                1 => name = text,
                2 => value = text,
                _ => {}
            }
        }
        pairs.push((name, value));
    }
    Some(pairs)
}

/// The samples of a series, in the order of a request.
pub type Series = (Labels, Vec<(i64, f64)>);

/// What is in the body of a remote write request, series by series; nothing if it is none.
pub fn read(body: &[u8]) -> Option<Vec<Series>> {
    snap::raw::decompress_len(body).ok().filter(|length| *length <= LARGEST)?;
    let bytes = snap::raw::Decoder::new().decompress_vec(body).ok()?;
    let mut read = Vec::new();
    for field in fields(&bytes) {
        let mut values = Vec::new();
        match field.content {
            Content::Bytes(series) if field.number == 1 => {
                let labels = samples(series, &[], &mut values)?;
                read.push((Labels::new(pairs(&labels)?), values));
            }
            Content::Bytes(_) | Content::Number(_) => {}
            Content::Bad => return None,
        }
    }
    Some(read)
}

/// The body of a remote write request.
pub fn request<'a>(series: impl IntoIterator<Item = (&'a Labels, &'a [(i64, f64)])>) -> Vec<u8> {
    let (mut plain, mut message, mut sample) = (Vec::new(), Vec::new(), Vec::new());
    for (labels, values) in series {
        message.clear();
        message.extend_from_slice(labels.bytes());
        for (time, value) in values {
            sample.clear();
            sample.push(0x09);
            sample.extend_from_slice(&value.to_bits().to_le_bytes());
            sample.push(0x10);
            put_varint(&mut sample, *time as u64);
            message.push(0x12);
            put_slice(&mut message, &sample);
        }
        plain.push(0x0a);
        put_slice(&mut plain, &message);
    }
    snap::raw::Encoder::new().compress_vec(&plain).unwrap_or_default()
}
