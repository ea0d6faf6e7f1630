//! Numbers for people, written as Go's `fmt` and Prometheus write them.

/// A number as `%v` prints it: as short as it can be read back.
pub(crate) fn shortest(number: f64) -> String {
    if let Some(word) = no_number(number) {
        return word;
    }
    let scientific = format!("{number:e}");
    let exponent = exponent(&scientific);
    if (-4..6).contains(&exponent) { format!("{number}") } else { with_exponent(&scientific) }
}

/// A number as `%.*g` prints it: so many digits count.
pub(super) fn general(number: f64, digits: usize) -> String {
    if let Some(word) = no_number(number) {
        return word;
    }
    let digits = digits.max(1);
    let scientific = format!("{number:.*e}", digits - 1);
    let exponent = exponent(&scientific);
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    if (-4..limit).contains(&exponent) {
        let decimals = usize::try_from(limit - 1 - exponent).unwrap_or_default();
        return without_zeros(&format!("{number:.decimals$}")).to_owned();
    }
    let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    with_exponent(&[without_zeros(mantissa), "e", power].concat())
}

/// What is no number has a name.
pub(super) fn no_number(number: f64) -> Option<String> {
    if number.is_nan() {
        return Some("NaN".into());
    }
    number.is_infinite().then(|| if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned())
}

fn exponent(scientific: &str) -> i32 {
    scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or_default()
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// A number with an exponent in any case, as short as it can be read back.
pub(crate) fn scientific(number: f64) -> String {
    no_number(number).unwrap_or_else(|| with_exponent(&format!("{number:e}")))
}

/// `1e6` is `1e+06` elsewhere.
pub(super) fn with_exponent(scientific: &str) -> String {
    let (mantissa, power) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let power: i32 = power.parse().unwrap_or_default();
    let sign = if power < 0 { "-" } else { "+" };
    format!("{mantissa}e{sign}{:02}", power.abs())
}

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const LARGE_1024: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// Four digits, and a prefix of thousands.
pub(super) fn humanize(number: f64) -> String {
    if number.abs() >= 1.0 { large(number, 1000.0, LARGE) } else { small(number) }
}

/// Four digits, and a prefix of 1024s.
pub(super) fn humanize_1024(number: f64) -> String {
    if number.abs() <= 1.0 { general(number, 4) } else { large(number, 1024.0, LARGE_1024) }
}

fn large(number: f64, base: f64, prefixes: [&str; 8]) -> String {
    let (mut left, mut prefix) = (number, "");
    for next in prefixes {
        if left.abs() < base || !left.is_finite() {
            break;
        }
        (left, prefix) = (left / base, next);
    }
    [&general(left, 4), prefix].concat()
}

fn small(number: f64) -> String {
    let (mut left, mut prefix) = (number, "");
    for next in SMALL {
        if left.abs() >= 1.0 || left.abs() <= 0.0 || left.is_nan() {
            break;
        }
        (left, prefix) = (left * 1000.0, next);
    }
    [&general(left, 4), prefix].concat()
}

/// Seconds as days, hours, minutes and seconds.
pub(super) fn humanize_duration(seconds: f64) -> String {
    if let Some(word) = no_number(seconds) {
        return word;
    }
    if seconds.abs() < 1.0 {
        return [&small(seconds), "s"].concat();
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole seconds are shown, and what is too long for them is as long as can be said"
    )]
    let whole = seconds.abs() as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60);
    let rest = whole % 60;
    if days > 0 {
        format!("{sign}{days}d {hours}h {minutes}m {rest}s")
    } else if hours > 0 {
        format!("{sign}{hours}h {minutes}m {rest}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m {rest}s")
    } else {
        format!("{sign}{}s", general(seconds.abs(), 4))
    }
}

/// Seconds since 1970 as a date with a time.
pub(super) fn humanize_timestamp(seconds: f64) -> String {
    if let Some(word) = no_number(seconds) {
        return word;
    }
    #[expect(clippy::cast_possible_truncation, reason = "what is beyond has no date anyway")]
    let millis = (seconds * 1000.0).round() as i64;
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S%.f +0000 UTC").to_string(),
        Err(_) => shortest(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::{general, humanize, humanize_1024, humanize_duration, shortest};

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (number, short, four) in [
            (0.0, "0", "0"),
            (1.0, "1", "1"),
            (0.1, "0.1", "0.1"),
            (1_234_567.0, "1.234567e+06", "1.235e+06"),
            (123_456.0, "123456", "1.235e+05"),
            (0.000_012_3, "1.23e-05", "1.23e-05"),
            (-99.999, "-99.999", "-100"),
            (1e21, "1e+21", "1e+21"),
            (f64::NAN, "NaN", "NaN"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
        ] {
            assert_eq!(shortest(number), short);
            assert_eq!(general(number, 4), four);
        }
    }

    #[test]
    fn numbers_for_people() {
        for (number, thousands, binary, time) in [
            (0.0, "0", "0", "0s"),
            (1_234_567.0, "1.235M", "1.177Mi", "14d 6h 56m 7s"),
            (0.0123, "12.3m", "0.0123", "12.3ms"),
            (-5.0, "-5", "-5", "-5s"),
            (f64::INFINITY, "+Inf", "+Inf", "+Inf"),
            (f64::NAN, "NaN", "NaN", "NaN"),
        ] {
            assert_eq!(humanize(number), thousands);
            assert_eq!(humanize_1024(number), binary);
            assert_eq!(humanize_duration(number), time);
        }
    }
}
