//! Spans of time as systemd writes them: `90`, `5min 20s`, `infinity`.

use std::time::Duration;

/// As long as makes no difference to a twin.
const INFINITY: Duration = Duration::from_secs(365 * 24 * 3600);

/// Reads a span; a bare number is seconds. None if it is not one.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    if text == "infinity" {
        return Some(INFINITY);
    }
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit() && c != '.');
        let after = after.trim_start();
        let (unit, after) = split_where(after, |c| !c.is_ascii_alphabetic());
        total += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds(unit)?).ok()?;
        rest = after.trim_start();
    }
    Some(total)
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "us" | "usec" => 0.000_001,
        "ms" | "msec" => 0.001,
        "" | "s" | "sec" | "second" | "seconds" => 1.0,
        "m" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86400.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_add_up() {
        assert_eq!(parse("90"), Some(Duration::from_secs(90)));
        assert_eq!(parse("5min 20s"), Some(Duration::from_secs(320)));
        assert_eq!(parse("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse("2min100ms"), Some(Duration::from_millis(120_100)));
        assert_eq!(parse("infinity"), Some(INFINITY));
        assert_eq!(parse("soon"), None);
        assert_eq!(parse(""), None);
    }
}
