//! `ketupa logs`: asks for lines of logs.

use super::{End, Error};
use crate::cli::Format;
use crate::cli::logs::Logs;
use crate::client::Client;
use crate::report::plain;
use crate::screen::Screen;
use serde_json::Value;
use std::time::Duration;

/// How often is asked for the lines that came.
const AGAIN: Duration = Duration::from_secs(1);
/// Lines that are taken at once then.
const MANY: u32 = 5_000;

/// One line as it was answered.
struct Line {
    time: i64,
    labels: String,
    text: String,
}

pub(super) fn run(args: &Logs, screen: &mut Screen) -> Result<End, Error> {
    let question = question(args)?;
    let client = Client::new(&args.to)?;
    let until = args.until.as_deref().map_or_else(|| Ok(now()), moment)?;
    let since = logs::logql::duration(&args.since).filter(|since| *since > 0).ok_or_else(|| {
        let since = plain(&args.since);
        Error::Usage(format!("--since {since}: expected a time such as 15m, 24h or 7d"))
    })?;
    let from = until.saturating_sub(since);
    let answer = ask(&client, &question, (from, until), (args.limit, "backward"))?;
    let last = print(args, &answer, screen)?.unwrap_or(from);
    if args.follow { follow(args, (&client, &question), last, screen) } else { Ok(End::Well) }
}

/// The question, with the words that lines must have.
fn question(args: &Logs) -> Result<String, Error> {
    let mut question = args.question.clone();
    for word in &args.word {
        let fine = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if word.is_empty() || !word.chars().all(fine) {
            let says = format!("--word {}: expected letters, digits and `_` of ASCII", plain(word));
            return Err(Error::Usage(says));
        }
        question = format!(r"{question} |~ `\b{word}\b`");
    }
    logs::logql::parse(&question).map_err(|wrong| Error::Usage(plain(&wrong.to_string())))?;
    Ok(question)
}

fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

fn moment(text: &str) -> Result<i64, Error> {
    let odd = || {
        let says = "expected seconds since 1970, or a time such as 2026-01-31T12:00:00Z";
        Error::Usage(format!("{says}, found `{}`", plain(text)))
    };
    Ok(web::moment(text).ok_or_else(odd)?.saturating_mul(1_000_000))
}

fn ask(
    client: &Client,
    question: &str,
    (from, until): (i64, i64),
    (limit, direction): (u32, &str),
) -> Result<Value, Error> {
    let (from, until, limit) = (from.to_string(), until.to_string(), limit.to_string());
    let form = [
        ("query", question),
        ("start", &from),
        ("end", &until),
        ("limit", &limit),
        ("direction", direction),
    ];
    client.ask("/loki/api/v1/query_range", &form)
}

/// Prints an answer; the time of its last line.
fn print(args: &Logs, answer: &Value, screen: &mut Screen) -> Result<Option<i64>, Error> {
    let lines = lines(answer);
    match args.format {
        Format::Json if args.follow && lines.is_empty() => {}
        Format::Json if args.follow => screen.line(answer.to_string())?,
        Format::Json => screen.json(answer)?,
        Format::Text => {
            for line in &lines {
                screen.line(shown(line))?;
            }
            for series in numbers(answer) {
                screen.line(series)?;
            }
        }
    }
    Ok(lines.last().map(|line| line.time))
}

/// Asks again and again for what came, until somebody ends it.
fn follow(
    args: &Logs,
    (client, question): (&Client, &str),
    last: i64,
    screen: &mut Screen,
) -> Result<End, Error> {
    let mut last = last;
    loop {
        screen.flush()?;
        std::thread::sleep(AGAIN);
        let answer = ask(client, question, (last.saturating_add(1), now()), (MANY, "forward"))?;
        last = print(args, &answer, screen)?.unwrap_or(last);
    }
}

fn result(answer: &Value) -> (&str, &[Value]) {
    let data = answer.get("data");
    let kind = data.and_then(|data| data.get("resultType")).and_then(Value::as_str);
    let result = data.and_then(|data| data.get("result")).and_then(Value::as_array);
    (kind.unwrap_or_default(), result.map_or(&[], Vec::as_slice))
}

/// The lines of an answer in the order of time.
fn lines(answer: &Value) -> Vec<Line> {
    let (kind, streams) = result(answer);
    let mut lines = Vec::new();
    for stream in streams.iter().filter(|_| kind == "streams") {
        let labels = labels(stream.get("stream"));
        let values = stream.get("values").and_then(Value::as_array);
        let read = |value: &Value| {
            let time = value.get(0)?.as_str()?.parse().ok()?;
            Some(Line { time, labels: labels.clone(), text: value.get(1)?.as_str()?.to_owned() })
        };
        lines.extend(values.into_iter().flatten().filter_map(read));
    }
    // What came newest first is read from the other end.
    lines.reverse();
    lines.sort_by_key(|line| line.time);
    lines
}

fn labels(labels: Option<&Value>) -> String {
    let pairs = labels.and_then(Value::as_object).into_iter().flatten();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    pairs.collect::<Vec<_>>().join(" ")
}

/// A line for people: whoever wrote it does not rule their terminal.
fn shown(line: &Line) -> String {
    let moment = jiff::Timestamp::from_nanosecond(line.time.into()).ok();
    let moment = moment.map_or_else(|| line.time.to_string(), |moment| format!("{moment:.3}"));
    let text = line.text.replace('\t', " ").replace('\n', "\\n");
    format!("{moment} {{{}}} {}", plain(&line.labels), plain(&text))
}

/// Series and their last numbers.
fn numbers(answer: &Value) -> Vec<String> {
    let (kind, series) = result(answer);
    let read = |series: &Value| {
        let last = series.get("values")?.as_array()?.last()?;
        let value = last.get(1)?.as_str()?;
        Some(plain(&format!("{{{}}} {value}", labels(series.get("metric")))))
    };
    series.iter().filter(|_| kind == "matrix").filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_are_in_order_and_hostile_ones_are_harmless() {
        let result = json!([
            { "stream": { "job": "a" }, "values": [["1700000000000000003", "c\u{1b}[2J\u{202e}d"], ["1700000000000000001", "x\ty\nz"]] },
            { "stream": { "job": "b" }, "values": [["1700000000000000002", "middle"]] },
        ]);
        let answer = json!({ "data": { "resultType": "streams", "result": result } });
        let shown: Vec<String> = lines(&answer).iter().map(shown).collect();
        assert_eq!(
            shown,
            [
                "2023-11-14T22:13:20.000Z {job=a} x y\\nz",
                "2023-11-14T22:13:20.000Z {job=b} middle",
                "2023-11-14T22:13:20.000Z {job=a} c\u{fffd}[2J\u{fffd}d",
            ]
        );
        assert!(numbers(&answer).is_empty());
    }
}
