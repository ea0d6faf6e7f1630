//! The words of a question, with their places.

use super::Wrong;

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A name, or a word of the language.
    Name(String),
    /// What stands between quotes.
    Text(String),
    Number(f64),
    /// In nanoseconds.
    Duration(i64),
    /// A size in bytes.
    Size(f64),
    Sign(&'static str),
    End,
}

/// Signs, the longer ones first.
const SIGNS: [&str; 28] = [
    "|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=", "{", "}", "(", ")", "[", "]", ",",
    "|", "=", ">", "<", "+", "-", "*", "/", "%", "^", "@",
];

/// A question is no longer: it comes from strangers' dashboards.
const LONGEST: usize = 16 << 10;

/// The words of a text, each with where it begins; the last one is the end.
pub(crate) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Wrong> {
    if text.len() > LONGEST {
        return Err(Wrong::at(text, 0, format!("the query is longer than {LONGEST} bytes")));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = past_space(rest);
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            tokens.push((at, Token::End));
            return Ok(tokens);
        };
        let wrong = |says: String| Wrong::at(text, at, says);
        let (token, after) = token(first, rest).map_err(wrong)?;
        tokens.push((at, token));
        rest = after;
    }
}

fn past_space(mut rest: &str) -> &str {
    loop {
        rest = rest.trim_start();
        let Some(comment) = rest.strip_prefix('#') else { return rest };
        rest = comment.split_once('\n').map_or("", |(_, after)| after);
    }
}

fn token(first: char, rest: &str) -> Result<(Token, &str), String> {
    if first == '"' {
        return quoted(rest);
    }
    if let Some(raw) = rest.strip_prefix('`') {
        let (raw, after) = raw.split_once('`').ok_or("a ` is not closed")?;
        return Ok((Token::Text(raw.to_owned()), after));
    }
    if first.is_ascii_digit()
        || (first == '.' && rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit()))
    {
        return number(rest);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
        return Ok((Token::Name(name.to_owned()), after));
    }
    let found = SIGNS.iter().find_map(|sign| Some((Token::Sign(sign), rest.strip_prefix(sign)?)));
    found.ok_or_else(|| format!("unexpected {first:?}"))
}

/// Between double quotes, with the escapes of Go.
fn quoted(rest: &str) -> Result<(Token, &str), String> {
    let mut letters = rest.chars();
    letters.next();
    let mut text = String::new();
    loop {
        match letters.next() {
            Some('"') => return Ok((Token::Text(text), letters.as_str())),
            Some('\\') => text.push(escape(&mut letters)?),
            Some('\n') | None => return Err("a \" is not closed".into()),
            Some(letter) => text.push(letter),
        }
    }
}

fn escape(letters: &mut std::str::Chars<'_>) -> Result<char, String> {
    let letter = letters.next().ok_or("a \" is not closed")?;
    let digits = match letter {
        'n' => return Ok('\n'),
        't' => return Ok('\t'),
        'r' => return Ok('\r'),
        '0' => return Ok('\0'),
        '\\' | '"' | '\'' => return Ok(letter),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => {
            return Err(format!("\\{letter} is no escape: write \\\\{letter}, or use ` as quotes"));
        }
    };
    let code: String = letters.by_ref().take(digits).collect();
    let code = u32::from_str_radix(&code, 16).ok().filter(|_| code.len() == digits);
    code.and_then(char::from_u32)
        .ok_or_else(|| format!("\\{letter} needs {digits} hexadecimal digits of a letter"))
}

fn number(rest: &str) -> Result<(Token, &str), String> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_' || c == '\u{b5}';
    let mut end = rest.find(|c| !part(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    // 1e-3
    let is_power = word.strip_suffix(['e', 'E']).is_some_and(|word| word.parse::<f64>().is_ok());
    if let (true, Some(power)) = (is_power, after.strip_prefix(['+', '-'])) {
        end += 1 + power.find(|c: char| !c.is_ascii_digit()).unwrap_or(power.len());
    }
    let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let token = if let Ok(number) = word.parse::<f64>() {
        Token::Number(number)
    } else if let Some(hexadecimal) =
        word.strip_prefix("0x").and_then(|hex| u32::from_str_radix(hex, 16).ok())
    {
        Token::Number(f64::from(hexadecimal))
    } else if let Some(duration) = duration(word) {
        Token::Duration(duration)
    } else if let Some(size) = size(word) {
        Token::Size(size)
    } else {
        return Err(format!("{word:.40} is no number, duration (5m) or size (10KB)"));
    };
    Ok((token, after))
}

/// A number and the unit after it.
fn measured(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit))
}

/// A duration as Go and Prometheus write it, in nanoseconds: `1h30m`, `1.5s`, `7d`.
pub fn duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 10] = [
        ("ns", 1.0),
        ("us", 1e3),
        ("\u{b5}s", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 60e9),
        ("h", 3600e9),
        ("d", 86_400e9),
        ("w", 604_800e9),
        ("y", 31_536_000e9),
    ];
    let mut sum = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = measured(rest)?;
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum += number * scale;
        rest = after;
    }
    (!text.is_empty() && sum < 9e18).then_some(sum as i64)
}

/// A size, in bytes: `10KB`, `1.5MiB`.
pub(crate) fn size(text: &str) -> Option<f64> {
    let (number, unit) = measured(text)?;
    let unit = unit.trim().to_ascii_lowercase();
    let (letter, rest) = unit.split_at_checked(unit.len().min(1))?;
    let power = match letter {
        "b" => return (rest.is_empty() || rest == "ytes").then_some(number),
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    match rest {
        "b" | "" => Some(number * 1000_f64.powi(power)),
        "ib" => Some(number * 1024_f64.powi(power)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_with_their_places() {
        let read = tokens("{a=~\"x\\n\"} |= `\\d` # why\n [1h30m] > 1e-3 10KiB").expect("right");
        let words: Vec<Token> = read.iter().map(|(_, token)| token.clone()).collect();
        let sign = Token::Sign;
        let expected = [
            sign("{"),
            Token::Name("a".into()),
            sign("=~"),
            Token::Text("x\n".into()),
            sign("}"),
            sign("|="),
            Token::Text("\\d".into()),
            sign("["),
            Token::Duration(5_400_000_000_000),
            sign("]"),
            sign(">"),
            Token::Number(0.001),
            Token::Size(10_240.0),
            Token::End,
        ];
        assert_eq!(words, expected);
        assert_eq!(read[3].0, 4);
    }

    #[test]
    fn what_is_no_word_is_told_with_its_place() {
        let wrong = tokens("{a=\"b\"}\n  \u{20ac}").expect_err("no word");
        assert_eq!(wrong.to_string(), "parse error at line 2, column 3: unexpected '\u{20ac}'");
        for text in ["\"a", "`a", "\"\\q\"", "5q", "\"\\ud800\""] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }
}
