//! `ketupa logs`: asks for lines of logs.

use super::{End, Error};
use crate::cli::Format;
use crate::cli::logs::Logs;
use crate::client::{Client, Failed};
use crate::report::plain;
use crate::screen::Screen;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// How often is asked for the lines that came.
const AGAIN: Duration = Duration::from_secs(1);
/// Lines that are taken at once then.
const MANY: u32 = 5_000;
/// So much later than a newer one a line may come and is shown, in nanoseconds: hosts send each for itself, and
/// one may not have reached the server for a while.
const LATE: i64 = 60_000_000_000;

/// One line as it was answered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
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
    let lines = print(args, &answer, screen)?;
    if !args.follow {
        return Ok(End::Well);
    }
    // Where not all were shown, those before were left out and are not late.
    let all = u32::try_from(lines.len()).is_ok_and(|count| count < args.limit);
    let floor = lines.first().filter(|_| !all).map_or(from, |line| line.time);
    let mut seen = Seen { floor, last: from, lines: BTreeSet::new() };
    seen.add(lines);
    follow(args, (&client, &question), seen, screen)
}

/// The question, with the words that lines must have.
fn question(args: &Logs) -> Result<String, Error> {
    let mut question = args.question.clone();
    let asked = parse(&question)?;
    let of_lines = if args.follow { "--follow" } else { "--word" };
    if asked.is_metric() && (args.follow || !args.word.is_empty()) {
        let says = "is for questions that lines answer, and numbers answer this one";
        return Err(Error::Usage(format!("{of_lines} {says}: leave it out")));
    }
    for word in &args.word {
        let fine = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if word.is_empty() || !word.chars().all(fine) {
            let says = format!("--word {}: expected letters, digits and `_` of ASCII", plain(word));
            return Err(Error::Usage(says));
        }
        question = format!(r"{question} |~ `\b{word}\b`");
    }
    parse(&question)?;
    Ok(question)
}

fn parse(question: &str) -> Result<logs::logql::Query, Error> {
    logs::logql::parse(question).map_err(|wrong| Error::Usage(plain(&wrong.to_string())))
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
) -> Result<Value, Failed> {
    let (from, until, limit) = (from.to_string(), until.to_string(), limit.to_string());
    let form = [
        ("query", question),
        ("start", &from),
        ("end", &until),
        ("limit", &limit),
        ("direction", direction),
    ];
    client.asked("/loki/api/v1/query_range", &form)
}

/// Prints an answer; its lines.
fn print(args: &Logs, answer: &Value, screen: &mut Screen) -> Result<Vec<Line>, Error> {
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
    Ok(lines)
}

/// What was shown already.
struct Seen {
    /// Nothing from before it is shown.
    floor: i64,
    /// The newest.
    last: i64,
    /// Those that may be answered again.
    lines: BTreeSet<Line>,
}

impl Seen {
    /// Where the next question begins.
    fn begin(&self) -> i64 {
        self.last.saturating_sub(LATE).max(self.floor)
    }

    /// Takes out of an answer what was shown, and remembers the rest; where the next one begins if there is more
    /// than fits into one.
    fn take_out(&mut self, answer: &mut Value, from: i64) -> Option<i64> {
        let all = lines(answer);
        let full = u32::try_from(all.len()).is_ok_and(|count| count >= MANY);
        // More of one moment than fit cannot be asked for.
        let next = all.last().map(|line| line.time.max(from.saturating_add(1)));
        let shown = &mut self.lines;
        if let Some(streams) = answer.pointer_mut("/data/result").and_then(Value::as_array_mut) {
            streams.retain_mut(|stream| {
                let labels = labels(stream.get("stream"));
                let values = stream.get_mut("values").and_then(Value::as_array_mut);
                values.is_some_and(|values| {
                    values.retain(|value| line(value, &labels).is_none_or(|l| shown.insert(l)));
                    !values.is_empty()
                })
            });
        }
        next.filter(|_| full)
    }

    /// Remembers lines that were shown, as long as they may be answered again.
    fn add(&mut self, lines: Vec<Line>) {
        self.last = lines.iter().map(|line| line.time).fold(self.last, i64::max);
        self.lines.extend(lines);
        let begin = self.begin();
        self.lines.retain(|line| line.time >= begin);
    }
}

/// Asks again and again for what came, until somebody ends it. A server that starts again is waited for.
fn follow(
    args: &Logs,
    (client, question): (&Client, &str),
    mut seen: Seen,
    screen: &mut Screen,
) -> Result<End, Error> {
    let (mut next, mut is_away) = (None, false);
    loop {
        screen.flush()?;
        if next.is_none() {
            std::thread::sleep(AGAIN);
        }
        let from = next.unwrap_or_else(|| seen.begin());
        let mut answer = match ask(client, question, (from, now()), (MANY, "forward")) {
            Ok(answer) => answer,
            Err(failed) if failed.passes() => {
                next = None;
                if !is_away {
                    screen.say(format!("{}: it is asked again", Error::from(failed)));
                    is_away = true;
                }
                continue;
            }
            Err(failed) => return Err(failed.into()),
        };
        is_away = false;
        next = seen.take_out(&mut answer, from);
        seen.add(print(args, &answer, screen)?);
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
        lines.extend(values.into_iter().flatten().filter_map(|value| line(value, &labels)));
    }
    // What came newest first is read from the other end.
    lines.reverse();
    lines.sort_by_key(|line| line.time);
    lines
}

fn line(value: &Value, labels: &str) -> Option<Line> {
    let time = value.get(0)?.as_str()?.parse().ok()?;
    Some(Line { time, labels: labels.to_owned(), text: value.get(1)?.as_str()?.to_owned() })
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

    #[test]
    fn what_comes_late_is_shown_once_and_what_was_left_out_is_not() {
        let second = 1_000_000_000;
        let answer = |times: &[i64]| {
            let values: Vec<_> =
                times.iter().map(|n| json!([(n * second).to_string(), "x"])).collect();
            json!({ "data": { "resultType": "streams", "result": [{ "stream": { "job": "a" }, "values": values }] } })
        };
        let mut seen = Seen { floor: 50 * second, last: 0, lines: BTreeSet::new() };
        seen.add(lines(&answer(&[50, 100])));
        assert_eq!(seen.begin(), 50 * second, "not before what was left out");
        let shown = |seen: &mut Seen, times: &[i64]| {
            let mut answer = answer(times);
            assert_eq!(seen.take_out(&mut answer, 0), None);
            let new = lines(&answer);
            let times: Vec<i64> = new.iter().map(|line| line.time / second).collect();
            seen.add(new);
            times
        };
        assert_eq!(shown(&mut seen, &[50, 99, 100, 101]), [99, 101]);
        assert_eq!(shown(&mut seen, &[50, 98, 99, 100, 101, 300]), [98, 300]);
        assert_eq!(seen.begin(), 240 * second);
        assert_eq!(seen.lines.len(), 1, "what is not asked for again is forgotten");
        let many: Vec<i64> = (0..i64::from(MANY)).map(|n| 300 + n / 2).collect();
        let next = seen.take_out(&mut answer(&many), 240 * second);
        assert_eq!(next, Some((300 + i64::from(MANY - 1) / 2) * second));
    }
}
