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
            let mut lines = lines(&answer, &when).into_iter();
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
fn lines(answer: &Value, when: &When) -> Vec<String> {
    let data = answer.get("data");
    let result = data.and_then(|data| data.get("result"));
    let Some(result) = result.and_then(Value::as_array) else { return Vec::new() };
    let kind = data.and_then(|data| data.get("resultType")).and_then(Value::as_str);
    if matches!(kind, Some("scalar" | "string")) {
        return result.get(1).and_then(Value::as_str).map(plain).into_iter().collect();
    }
    let span = Span::of(result, when);
    let rows: Vec<(String, String)> = result.iter().map(|series| row(series, &span)).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let mut lines: Vec<String> =
        rows.into_iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
    if lines.is_empty() {
        lines.push("no series".into());
    }
    lines
}

fn row(series: &Value, span: &Span) -> (String, String) {
    let name = name(series.get("metric"));
    match series.get("values").and_then(Value::as_array) {
        Some(points) => (name, shape(points, span)),
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

/// The time that the line of a series goes over, in milliseconds, and its columns.
struct Span {
    start: i64,
    length: i64,
    columns: usize,
}

impl Span {
    /// As it was asked for; of samples as they are, from the first to the last of all series.
    fn of(result: &[Value], when: &When) -> Self {
        if let When::Over(start, end, step) = *when {
            let steps = end.saturating_sub(start).max(0) / step.max(1) + 1;
            let columns = usize::try_from(steps).unwrap_or(WIDTH).clamp(1, WIDTH);
            return Self { start, length: steps.saturating_mul(step.max(1)), columns };
        }
        let points = |series: &Value| series.get("values").and_then(Value::as_array).cloned();
        let all: Vec<Vec<Value>> = result.iter().filter_map(points).collect();
        let times = || all.iter().flatten().filter_map(time_of);
        let (start, end) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        let most = all.iter().map(Vec::len).max().unwrap_or_default();
        let length = end.saturating_sub(start).saturating_add(1);
        Self { start, length, columns: most.clamp(1, WIDTH) }
    }

    /// In which column a time is.
    fn column(&self, time: i64) -> usize {
        let columns = i128::try_from(self.columns).unwrap_or(1);
        let place = i128::from(time.saturating_sub(self.start)) * columns;
        let place = place / i128::from(self.length.max(1));
        usize::try_from(place).unwrap_or_default().min(self.columns - 1)
    }
}

/// The time of a point, in milliseconds.
fn time_of(point: &Value) -> Option<i64> {
    web::moment(&point.get(0)?.to_string())
}

/// The shape of a series over time, and its least, last and largest value. Where nothing is, nothing is drawn, and
/// what is no number is a dot.
fn shape(points: &[Value], span: &Span) -> String {
    let read = |point| Some((time_of(point)?, text_of(point)?.parse::<f64>().ok()?));
    let read: Vec<(i64, f64)> = points.iter().filter_map(read).collect();
    let Some((_, last)) = read.last() else { return "no numbers".into() };
    let numbers = || read.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
    let (least, most) = (numbers().reduce(f64::min), numbers().reduce(f64::max));
    let (least, most) = (least.unwrap_or(*last), most.unwrap_or(*last));
    let mut columns: Vec<Option<f64>> = vec![None; span.columns];
    for (time, value) in &read {
        if let Some(column) = columns.get_mut(span.column(*time)) {
            let value = if value.is_finite() { *value } else { f64::NAN };
            // Of a number and none the number stays.
            *column = Some(column.map_or(value, |before| before.max(value)));
        }
    }
    let letter = |column: Option<f64>| match column {
        None => ' ',
        Some(value) if value.is_nan() => '·',
        Some(value) => bar(value, (least, most)),
    };
    let line: String = columns.into_iter().map(letter).collect();
    format!("{line}  {} … {} … {}", short(least), short(*last), short(most))
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
    let text = if !value.is_finite() {
        return value.to_string();
    } else if value.abs() >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value.abs() >= 1.0 {
        format!("{value:.2}")
    } else {
        return small(value);
    };
    format!("{text}{unit}")
}

/// A number below one: its first digits, wherever they are.
fn small(value: f64) -> String {
    let scientific = format!("{value:.2e}");
    let power = scientific.rsplit_once("e-").and_then(|(_, power)| power.parse::<usize>().ok());
    match power {
        Some(power) if power <= 6 => {
            let text = format!("{value:.digits$}", digits = power + 2);
            text.trim_end_matches('0').to_owned()
        }
        // Rounded, it is one.
        None => format!("{value:.2}"),
        Some(_) => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Points a second apart, from this second on.
    fn points(from: usize, values: &[&str]) -> Vec<Value> {
        values.iter().enumerate().map(|(n, value)| json!([from + n, value])).collect()
    }

    /// A question over so many seconds, from 0 on.
    fn over(seconds: i64) -> Span {
        Span::of(&[], &When::Over(0, (seconds - 1) * 1_000, 1_000))
    }

    #[test]
    fn a_series_over_time_has_a_shape() {
        assert_eq!(shape(&points(0, &["0", "7", "3.5"]), &over(3)), "▁█▄  0 … 3.50 … 7");
        assert_eq!(shape(&points(0, &["5", "5"]), &over(2)), "▁▁  5 … 5 … 5");
        assert_eq!(shape(&[], &over(2)), "no numbers");
        let many: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let line = shape(&points(0, &many), &over(1_000));
        assert_eq!(line.split("  ").next().expect("a line").chars().count(), WIDTH);
    }

    #[test]
    fn points_stand_where_they_are_and_what_is_no_number_is_told() {
        let mut some = points(1, &["1", "8"]);
        some.extend(points(6, &["NaN", "4", "+Inf"]));
        assert_eq!(shape(&some, &over(10)), " ▁█   ·▄·   1 … inf … 8");
        assert_eq!(shape(&points(58, &["1", "2"]), &over(60)), format!("{:58}▁█  1 … 2 … 2", ""));
        assert_eq!(shape(&points(0, &["NaN"]), &over(1)), "·  NaN … NaN … NaN");
        let samples =
            json!([{ "values": points(5, &["1", "2"]) }, { "values": points(6, &["3"]) }]);
        let span = Span::of(samples.as_array().expect("a list"), &When::At(0));
        assert_eq!(shape(&points(6, &["3"]), &span), " ▁  3 … 3 … 3", "of all series");
    }

    #[test]
    fn numbers_are_short() {
        let all = [0.0, 0.256, 12.0, 1_234.0, 9.9e9, -5e6, 0.00123, -0.5, 0.9999, 4.2e-9, 1e-6];
        let told: Vec<String> = all.into_iter().map(short).collect();
        let wanted = [
            "0", "0.256", "12", "1.23k", "9.90G", "-5M", "0.00123", "-0.5", "1.00", "4.20e-9",
            "0.000001",
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn an_answer_is_a_table_and_hostile_labels_are_harmless() {
        let metric = json!({ "__name__": "up", "job": "a\u{1b}[2J" });
        let vector = json!({ "data": { "resultType": "vector", "result": [{ "metric": metric, "value": [1, "1"] }] } });
        let lines = lines(&vector, &When::At(0));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("up{job=") && lines[0].ends_with("  1"), "{lines:?}");
        assert!(!lines[0].contains('\u{1b}'), "{lines:?}");
        let scalar = json!({ "data": { "resultType": "scalar", "result": [1, "2"] } });
        assert_eq!(super::lines(&scalar, &When::At(0)), ["2"]);
        let none = json!({ "data": { "resultType": "vector", "result": [] } });
        assert_eq!(super::lines(&none, &When::At(0)), ["no series"]);
    }
}
