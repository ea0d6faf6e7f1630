//! Answers in the JSON of Loki's HTTP interface.

use metrics::Labels;
use metrics::wire::json::number;
use serde_json::{Map, Value, json};

use crate::logql::{Answer, Scanned};
use crate::store::Stats;

fn labels(labels: &Labels) -> Value {
    let pairs = labels.iter().map(|(name, value)| (name.to_owned(), value.into()));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// A time in seconds, as numbers in answers have it.
fn seconds(time: i64) -> Value {
    if time % 1_000_000_000 == 0 {
        return (time / 1_000_000_000).into();
    }
    json!((time / 1_000_000) as f64 / 1e3)
}

fn point((time, value): &(i64, f64)) -> Value {
    json!([seconds(*time), number(*value)])
}

/// The body of an answer to `query` and `query_range`.
pub fn answer(answer: &Answer, scanned: Scanned) -> String {
    let (kind, result) = match answer {
        Answer::Streams(streams) => {
            let streams = streams.iter().map(|(of, lines)| {
                let values = lines.iter().map(|(time, line)| json!([time.to_string(), line]));
                json!({ "stream": labels(of), "values": values.collect::<Vec<_>>() })
            });
            ("streams", streams.collect::<Vec<_>>().into())
        }
        Answer::Matrix(series) => {
            let series = series.iter().map(|(of, points)| {
                json!({ "metric": labels(of), "values": points.iter().map(point).collect::<Vec<_>>() })
            });
            ("matrix", series.collect::<Vec<_>>().into())
        }
        Answer::Vector(time, samples) => {
            let samples = samples.iter().map(
                |(of, value)| json!({ "metric": labels(of), "value": point(&(*time, *value)) }),
            );
            ("vector", samples.collect::<Vec<_>>().into())
        }
        Answer::Scalar(time, value) => ("scalar", point(&(*time, *value))),
    };
    let summary = json!({
        "totalBytesProcessed": scanned.bytes,
        "totalLinesProcessed": scanned.lines,
        "totalEntriesReturned": scanned.lines,
    });
    let data: Value = json!({
        "resultType": kind,
        "result": result,
        "stats": { "summary": summary },
    });
    json!({ "status": "success", "data": data }).to_string()
}

/// The body of an answer that is a list of words: `labels`, `label/NAME/values`.
pub fn words(words: &[String]) -> String {
    json!({ "status": "success", "data": words }).to_string()
}

/// The body of an answer to `series`.
pub fn series(series: &[Labels]) -> String {
    let series: Vec<Value> = series.iter().map(labels).collect();
    json!({ "status": "success", "data": series }).to_string()
}

/// The body of an answer to `index/stats`.
pub fn stats(stats: Stats) -> String {
    let Stats { streams, chunks, lines, bytes } = stats;
    json!({ "streams": streams, "chunks": chunks, "entries": lines, "bytes": bytes }).to_string()
}

/// The body of an answer to `index/volume`: bytes of one time.
pub fn volume(time: i64, volume: &[(Labels, u64)]) -> String {
    let samples = volume.iter().map(
        |(of, bytes)| json!({ "metric": labels(of), "value": [seconds(time), bytes.to_string()] }),
    );
    let result: Vec<Value> = samples.collect();
    json!({ "status": "success", "data": { "resultType": "vector", "result": result } }).to_string()
}
