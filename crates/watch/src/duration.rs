//! Lengths of time as Prometheus writes them, in milliseconds.

/// Units from long to short.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads `1h30m`: numbers with units, the longer unit first; `0` is nothing.
pub(crate) fn read(text: &str) -> Option<i64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).filter(|end| *end > 0)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let (_, length) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*length)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

/// Writes it as briefly as it can be said.
pub fn shown(millis: i64) -> String {
    if millis <= 0 {
        return "0s".into();
    }
    let mut left = millis;
    let mut words = Vec::new();
    for (unit, length) in UNITS {
        // 14 days are two weeks, 10 days are no week and three days.
        let whole = matches!(unit, "y" | "w") && left % length != 0;
        let count = if whole { 0 } else { left / length };
        left -= count * length;
        if count > 0 {
            words.push([&count.to_string(), unit].concat());
        }
    }
    words.concat()
}

#[cfg(test)]
mod tests {
    use super::{read, shown};

    #[test]
    fn what_is_written_is_read_again() {
        for (text, millis) in [
            ("15s", 15_000),
            ("1h30m", 5_400_000),
            ("3d", 259_200_000),
            ("2w", 1_209_600_000),
            ("500ms", 500),
        ] {
            assert_eq!(read(text), Some(millis), "{text}");
            assert_eq!(shown(millis), text);
        }
        assert_eq!(read("0"), Some(0));
        for wrong in ["", "5", "m", "1m1h", "1s1s", "-1s", "1.5h", "9999999999999y", "1h ", "1x"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
