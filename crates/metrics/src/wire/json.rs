//! Answers in the JSON of Prometheus' HTTP interface.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::labels::Labels;
use crate::promql::{Answer, Series, Wrong};
use crate::store::{Metadata, Point};

/// A number as Prometheus writes it in answers: no exponent, special ones by name.
pub fn number(value: f64) -> String {
    let mut text = String::new();
    put_number(&mut text, value);
    text
}

fn put_number(text: &mut String, value: f64) {
    match value {
        value if value.is_nan() => text.push_str("NaN"),
        f64::INFINITY => text.push_str("+Inf"),
        f64::NEG_INFINITY => text.push_str("-Inf"),
        value => put_finite(text, value),
    }
}

/// The shortest digits that are this number, as JSON has them but for `.0`; what has an exponent there
/// is rare, and written out.
fn put_finite(text: &mut String, value: f64) {
    let mut digits = [0_u8; 32];
    let mut rest = digits.as_mut_slice();
    let written = serde_json::to_writer(&mut rest, &value);
    let length = 32 - rest.len();
    let digits = digits.get(..length).and_then(|digits| std::str::from_utf8(digits).ok());
    match digits.filter(|digits| written.is_ok() && !digits.contains('e')) {
        Some(digits) => text.push_str(digits.strip_suffix(".0").unwrap_or(digits)),
        // Writing to a string cannot fail.
        None => drop(write!(text, "{value}")),
    }
}

/// The body of an answer to `query` or `query_range`, or of a refusal.
pub fn answer(answer: &Result<Answer, Wrong>) -> String {
    match answer {
        Ok(answer) => {
            let mut text = String::from(r#"{"status":"success","data":"#);
            put_answer(&mut text, answer);
            text.push('}');
            text
        }
        Err(Wrong::Question(why)) => error("bad_data", why),
        Err(Wrong::Answer(why)) => error("execution", why),
        Err(wrong @ Wrong::Stopped) => error("timeout", &wrong.to_string()),
    }
}

/// The body of a refusal: `bad_data`, `execution`, `internal`, `unavailable`, and a sentence.
pub fn error(kind: &str, why: &str) -> String {
    json!({ "status": "error", "errorType": kind, "error": why }).to_string()
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

/// The body of an answer to `metadata`.
pub fn metadata(metadata: &BTreeMap<String, Metadata>) -> String {
    let metadata = metadata.iter().map(|(metric, Metadata { kind, help, unit })| {
        (metric.clone(), json!([{ "type": kind, "help": help, "unit": unit }]))
    });
    let metadata: serde_json::Map<String, Value> = metadata.collect();
    json!({ "status": "success", "data": metadata }).to_string()
}

fn labels(labels: &Labels) -> Value {
    labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

fn put_answer(text: &mut String, answer: &Answer) {
    // Writing to a string cannot fail.
    let _ = match answer {
        Answer::Scalar(point) => {
            text.push_str(r#"{"resultType":"scalar","result":"#);
            put_point(text, point);
            write!(text, "}}")
        }
        Answer::Text(time, said) => {
            text.push_str(r#"{"resultType":"string","result":["#);
            put_time(text, *time);
            write!(text, ",{}]}}", Value::from(said.as_str()))
        }
        Answer::Vector(series) => {
            text.push_str(r#"{"resultType":"vector","result":["#);
            put_series(text, series, "value", |text, points| {
                if let Some(point) = points.first() {
                    put_point(text, point);
                }
            });
            write!(text, "]}}")
        }
        Answer::Matrix(series) => {
            text.push_str(r#"{"resultType":"matrix","result":["#);
            put_series(text, series, "values", |text, points| {
                text.push('[');
                for (position, point) in points.iter().enumerate() {
                    text.push_str(if position == 0 { "" } else { "," });
                    put_point(text, point);
                }
                text.push(']');
            });
            write!(text, "]}}")
        }
    };
}

fn put_series(text: &mut String, series: &[Series], key: &str, put: fn(&mut String, &[Point])) {
    for (position, Series { labels, points }) in series.iter().enumerate() {
        text.push_str(if position == 0 { "" } else { "," });
        let _ = write!(text, r#"{{"metric":{},"{key}":"#, self::labels(labels));
        put(text, points);
        text.push('}');
    }
}

fn put_time(text: &mut String, time: i64) {
    let (seconds, millis) = (time.div_euclid(1000), time.rem_euclid(1000));
    let _ = match millis {
        0 => write!(text, "{seconds}"),
        _ => write!(text, "{}", time as f64 / 1000.0),
    };
}

fn put_point(text: &mut String, point: &Point) {
    text.push('[');
    put_time(text, point.time);
    text.push_str(",\"");
    put_number(text, point.value);
    text.push_str("\"]");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::labels::NAME;

    proptest! {
        #[test]
        fn numbers_are_as_short_as_they_can_be(bits in any::<u64>(), n in any::<i32>(), by in 0..20) {
            let some = [f64::from_bits(bits), f64::from(n) / 10_f64.powi(by), f64::from(n) * 1e9];
            for value in some.into_iter().filter(|value| value.is_finite()) {
                let number = number(value);
                prop_assert_eq!(number.parse(), Ok(value));
                // Of two that are as short and as near either may be.
                prop_assert_eq!(number.len(), value.to_string().len());
            }
        }
    }

    #[test]
    fn answers_look_like_those_of_prometheus() {
        let labels = Labels::new([(NAME, "up"), ("job", "a\"b")]);
        let points = vec![
            Point { time: 1_700_000_000_000, value: 1.0 },
            Point { time: 1_700_000_000_500, value: f64::INFINITY },
        ];
        let matrix = Answer::Matrix(vec![Series { labels: labels.clone(), points }]);
        assert_eq!(
            answer(&Ok(matrix)),
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a\"b"},"values":[[1700000000,"1"],[1700000000.5,"+Inf"]]}]}}"#
        );
        for (value, expected) in
            [(-0.0, "-0"), (0.1 + 0.2, "0.30000000000000004"), (1e21, "1000000000000000000000")]
        {
            assert_eq!(number(value), expected);
        }
        let why = Err(Wrong::Question("what?".into()));
        assert_eq!(answer(&why), r#"{"error":"what?","errorType":"bad_data","status":"error"}"#);
        assert_eq!(
            series(&[labels]),
            r#"{"data":[{"__name__":"up","job":"a\"b"}],"status":"success"}"#
        );
        let text = Answer::Text(0, "x".into());
        assert_eq!(
            answer(&Ok(text)),
            r#"{"status":"success","data":{"resultType":"string","result":[0,"x"]}}"#
        );
    }
}
