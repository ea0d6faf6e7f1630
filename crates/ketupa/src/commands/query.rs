//! `ketupa query`: asks for measurements.

use super::{End, Error};
use crate::cli::Format;
use crate::cli::query::Query;
use crate::client::Client;
use crate::report::plain;
use crate::screen::Screen;
use metrics::Store;
use metrics::wire::json;
use serde_json::Value;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// How many points a line over time has where no step is said, and letters at most.
const WIDTH: usize = 60;
const HOUR_MS: i64 = 3_600_000;
/// From low to high.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Times in milliseconds: one, or from, until and how far apart.
enum When {
    At(i64),
    Over(i64, i64, i64),
}

pub(super) fn run(args: &Query, screen: &mut Screen) -> Result<End, Error> {
    let when = when(args)?;
    let answer = match &args.data {
        Some(data) => of_directory(data, &args.question, &when)?,
        None => of_server(args, &when)?,
    };
    match args.format {
        Format::Json => screen.json(&answer)?,
        Format::Text => {
            let mut lines = lines(&answer).into_iter();
            lines.try_for_each(|line| screen.line(line))?;
        }
    }
    Ok(End::Well)
}

fn when(args: &Query) -> Result<When, Error> {
    let now = jiff::Timestamp::now().as_millisecond();
    if args.start.is_none() && args.end.is_none() && args.step.is_none() {
        return Ok(When::At(args.at.as_deref().map_or(Ok(now), moment)?));
    }
    let end = args.end.as_deref().map_or(Ok(now), moment)?;
    let start = args.start.as_deref().map_or(Ok(end.saturating_sub(HOUR_MS)), moment)?;
    let odd =
        |text: &str| Error::Usage(format!("expected a time such as 15s, found `{}`", plain(text)));
    let points = i64::try_from(WIDTH).unwrap_or(i64::MAX);
    let usual = (end.saturating_sub(start) / points).max(1_000);
    let step = args.step.as_deref().map(|text| web::length(text).ok_or_else(|| odd(text)));
    Ok(When::Over(start, end, step.transpose()?.unwrap_or(usual)))
}

fn moment(text: &str) -> Result<i64, Error> {
    let odd = || {
        let says = "expected seconds since 1970, or a time such as 2026-01-31T12:00:00Z";
        Error::Usage(format!("{says}, found `{}`", plain(text)))
    };
    web::moment(text).ok_or_else(odd)
}

fn of_server(args: &Query, when: &When) -> Result<Value, Error> {
    let client = Client::new(&args.to)?;
    let seconds = |ms: i64| format!("{}.{:03}", ms.div_euclid(1_000), ms.rem_euclid(1_000));
    let question = ("query", args.question.as_str());
    match when {
        When::At(at) => client.ask("/api/v1/query", &[question, ("time", &seconds(*at))]),
        When::Over(start, end, step) => {
            let (start, end, step) = (seconds(*start), seconds(*end), seconds(*step));
            let over = [question, ("start", &start), ("end", &end), ("step", &step)];
            client.ask("/api/v1/query_range", &over)
        }
    }
}

/// Asks the files of a server that does not run. They are its user's: what somebody else made there, the server
/// could not open any more.
fn of_directory(data: &Path, question: &str, when: &When) -> Result<Value, Error> {
    let path = data.join("metrics");
    let about = std::fs::metadata(&path).map_err(|e| Error::file("open", &path, e))?;
    if about.uid() != rustix::process::geteuid().as_raw() {
        let says = format!("{} belongs to another user: ask as that one (sudo -u)", path.display());
        return Err(Error::Message(says));
    }
    let store = Store::open(&path, metrics::Settings::default());
    let store = store.map_err(|error| {
        Error::Message(format!(
            "cannot open the measurements: {error}; ask a server that runs with --server"
        ))
    })?;
    let answer = match when {
        When::At(at) => store.query(question, *at),
        When::Over(start, end, step) => store.query_range(question, (*start, *end), *step),
    };
    if let Err(wrong) = &answer {
        return Err(Error::Usage(plain(&wrong.to_string())));
    }
    serde_json::from_str(&json::answer(&answer)).map_err(|e| Error::Message(e.to_string()))
}

/// An answer for people.
fn lines(answer: &Value) -> Vec<String> {
    let data = answer.get("data");
    let result = data.and_then(|data| data.get("result"));
    let Some(result) = result.and_then(Value::as_array) else { return Vec::new() };
    let kind = data.and_then(|data| data.get("resultType")).and_then(Value::as_str);
    if matches!(kind, Some("scalar" | "string")) {
        return result.get(1).and_then(Value::as_str).map(plain).into_iter().collect();
    }
    let rows: Vec<(String, String)> = result.iter().map(row).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let mut lines: Vec<String> =
        rows.into_iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
    if lines.is_empty() {
        lines.push("no series".into());
    }
    lines
}

fn row(series: &Value) -> (String, String) {
    let name = name(series.get("metric"));
    match series.get("values").and_then(Value::as_array) {
        Some(points) => (name, shape(points)),
        None => (name, series.get("value").and_then(text_of).map(plain).unwrap_or_default()),
    }
}

/// A series as it is asked for: `up{job="node"}`.
fn name(metric: Option<&Value>) -> String {
    let Some(metric) = metric.and_then(Value::as_object) else { return String::new() };
    let name = metric.get("__name__").and_then(Value::as_str).unwrap_or_default();
    let labels = metric.iter().filter(|(label, _)| *label != "__name__");
    let labels: Vec<String> = labels.map(|(label, value)| format!("{label}={value}")).collect();
    if labels.is_empty() && !name.is_empty() {
        return plain(name);
    }
    plain(&format!("{name}{{{}}}", labels.join(", ")))
}

fn text_of(point: &Value) -> Option<&str> {
    point.get(1).and_then(Value::as_str)
}

/// The shape of a series over time, and its least, last and largest value.
fn shape(points: &[Value]) -> String {
    let values = points.iter().filter_map(text_of).filter_map(|text| text.parse::<f64>().ok());
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let Some(last) = values.last() else { return "no numbers".into() };
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let each = values.len().div_ceil(WIDTH).max(1);
    let line: String = values.chunks(each).map(|some| bar(largest(some), (least, most))).collect();
    format!("{line}  {} … {} … {}", short(least), short(*last), short(most))
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn bar(value: f64, (least, most): (f64, f64)) -> char {
    let share = if most > least { (value - least) / (most - least) } else { 0.0 };
    let steps = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875];
    let above = steps.into_iter().filter(|step| share > *step).count();
    BARS.get(above).copied().unwrap_or('█')
}

/// A number with as many digits as one looks at.
pub(super) fn short(value: f64) -> String {
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = units.into_iter().find(|(size, _)| value.abs() >= *size);
    let (size, unit) = unit.unwrap_or((1.0, ""));
    let value = value / size;
    let text = if value.abs() >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    };
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_series_over_time_has_a_shape() {
        let points = |values: &[&str]| values.iter().map(|v| json!([1, v])).collect::<Vec<_>>();
        assert_eq!(shape(&points(&["0", "7", "3.5"])), "▁█▄  0 … 3.50 … 7");
        assert_eq!(shape(&points(&["5", "5"])), "▁▁  5 … 5 … 5");
        assert_eq!(shape(&points(&["NaN", "+Inf"])), "no numbers");
        let many: Vec<Value> = (0..1_000).map(|n| json!([n, n.to_string()])).collect();
        assert!(shape(&many).split("  ").next().expect("a line").chars().count() <= WIDTH);
    }

    #[test]
    fn numbers_are_short() {
        let told: Vec<String> =
            [0.0, 0.256, 12.0, 1_234.0, 9.9e9, -5e6].into_iter().map(short).collect();
        assert_eq!(told, ["0", "0.26", "12", "1.23k", "9.90G", "-5M"]);
    }

    #[test]
    fn an_answer_is_a_table_and_hostile_labels_are_harmless() {
        let metric = json!({ "__name__": "up", "job": "a\u{1b}[2J" });
        let vector = json!({ "data": { "resultType": "vector", "result": [{ "metric": metric, "value": [1, "1"] }] } });
        let lines = lines(&vector);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("up{job=") && lines[0].ends_with("  1"), "{lines:?}");
        assert!(!lines[0].contains('\u{1b}'), "{lines:?}");
        let scalar = json!({ "data": { "resultType": "scalar", "result": [1, "2"] } });
        assert_eq!(super::lines(&scalar), ["2"]);
        let none = json!({ "data": { "resultType": "vector", "result": [] } });
        assert_eq!(super::lines(&none), ["no series"]);
    }
}
