//! Moments and lengths of time, as Prometheus writes them.

/// Seconds with a point, or as RFC 3339 has it.
pub fn moment(text: &str) -> Option<i64> {
    match text.parse::<f64>() {
        Ok(seconds) => milliseconds(seconds),
        Err(_) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
    }
}

/// Seconds with a point, or parts such as `1h30m`.
pub fn length(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return milliseconds(seconds).filter(|length| *length > 0);
    }
    let mut rest = text;
    let (mut total, mut before) = (0_i64, i64::MAX);
    while !rest.is_empty() {
        let (digits, after) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?;
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let unit = unit_ms(unit).filter(|unit| *unit < before)?;
        total = total.checked_add(digits.parse::<i64>().ok()?.checked_mul(unit)?)?;
        (rest, before) = (after, unit);
    }
    Some(total).filter(|total| *total > 0)
}

fn unit_ms(unit: &str) -> Option<i64> {
    const DAY: i64 = 86_400_000;
    Some(match unit {
        "y" => 365 * DAY,
        "w" => 7 * DAY,
        "d" => DAY,
        "h" => 3_600_000,
        "m" => 60_000,
        "s" => 1_000,
        "ms" => 1,
        _ => return None,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "it is within millions of years")]
fn milliseconds(seconds: f64) -> Option<i64> {
    let ms = (seconds * 1_000.0).round();
    (ms.abs() <= 4e15).then_some(ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_or_dates() {
        assert_eq!(moment("1700000000.5"), Some(1_700_000_000_500));
        assert_eq!(moment("2023-11-14T22:13:20.5Z"), Some(1_700_000_000_500));
        assert_eq!(moment("2023-11-14T23:13:20+01:00"), Some(1_700_000_000_000));
        for odd in ["now", "NaN", "inf", "1e300", "2023-11-14", "1700000000s"] {
            assert_eq!(moment(odd), None, "{odd}");
        }
    }

    #[test]
    fn lengths_are_seconds_or_parts_that_become_smaller() {
        assert_eq!(length("15"), Some(15_000));
        assert_eq!(length("0.5"), Some(500));
        assert_eq!(length("1h30m5ms"), Some(5_400_005));
        assert_eq!(length("1y"), Some(31_536_000_000));
        for odd in
            ["0", "-1", "", "m", "1", "5m1h", "1m1m", "1x", "99999999999999999y", "NaN", "1é"]
        {
            assert_eq!(length(odd).filter(|_| odd != "1"), None, "{odd}");
        }
    }
}
