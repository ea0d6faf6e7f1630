//! Times and runs as pages show them.

use jiff::tz::TimeZone;
use jobs::schedule::moment;
use jobs::{Millis, Run};
use serde_json::{Value, json};

/// A moment, for people and for programs.
pub(super) fn time(at: Option<Millis>) -> Value {
    let Some(instant) = at.and_then(moment) else { return Value::Null };
    let local = jiff::ZonedDateTime::new(instant, TimeZone::system());
    json!({ "iso": instant.to_string(), "text": local.strftime("%Y-%m-%d %H:%M:%S %Z").to_string() })
}

/// A span of time: `1 h 02 min`, `3 min 04 s`, `5.2 s`.
pub(super) fn span(ms: Millis) -> String {
    match ms / 1_000 {
        0..60 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        seconds @ 60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A run.
pub(super) fn run(run: &Run, now: Millis) -> Value {
    json!({
        "id": run.id,
        "job": run.asked.job,
        "state": run.state.word(),
        "cause": run.asked.cause.word(),
        "who": run.asked.who,
        "parameters": run.asked.parameters,
        "queued": time(Some(run.queued)),
        "started": time(run.started),
        "ended": time(run.ended),
        "took": run.took(now).map(span),
        "attempt": run.attempt,
        "server": run.server,
        "exit": run.exit,
        "says": run.says,
        "over": run.state.is_over(),
        "cancel": run.cancel,
    })
}

/// What could drive a terminal or hide text is shown as a sign of its own.
pub(super) fn plain(text: &str) -> String {
    let hides = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace("\r\n", "\n").replace(hides, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        assert_eq!(
            [span(5_230), span(184_000), span(3_720_000)],
            ["5.2 s", "3 min 04 s", "1 h 02 min"]
        );
    }

    #[test]
    fn text_cannot_turn_around() {
        assert_eq!(plain("a\u{202e}b\x1b[31mc\r\nd\t"), "a\u{fffd}b\u{fffd}[31mc\nd\t");
    }
}
