//! Words of a unit file: quotes, escapes, `%` specifiers and `$` variables, as systemd does.

use std::collections::BTreeMap;

/// The variables a command sees.
pub(crate) type Environment = BTreeMap<String, String>;

/// Splits a value at white space, minding quotes and C escapes. None if a quote stays open.
pub(crate) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match (next, quote) {
            ('\\', _) => word.get_or_insert_default().push_str(&escape(&mut chars)),
            (q, Some(open)) if q == open => quote = None,
            (q @ ('"' | '\''), None) => {
                quote = Some(q);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What follows a backslash.
fn escape(chars: &mut Chars<'_>) -> String {
    let Some(next) = chars.next() else { return "\\".to_owned() };
    let plain = match next {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        's' => ' ',
        '\\' | '"' | '\'' => next,
        'x' => return numbered(chars, 2, 16),
        'u' => return numbered(chars, 4, 16),
        digit @ '0'..='7' => {
            let rest = take_digits(chars, 2, 8);
            return character(&format!("{digit}{rest}"), 8);
        }
        other => return format!("\\{other}"),
    };
    plain.to_string()
}

fn numbered(chars: &mut Chars<'_>, digits: usize, radix: u32) -> String {
    let digits = take_digits(chars, digits, radix);
    character(&digits, radix)
}

fn take_digits(chars: &mut Chars<'_>, most: usize, radix: u32) -> String {
    let mut digits = String::new();
    while digits.len() < most
        && let Some(digit) = chars.next_if(|c| c.is_digit(radix))
    {
        digits.push(digit);
    }
    digits
}

fn character(digits: &str, radix: u32) -> String {
    let code = u32::from_str_radix(digits, radix).unwrap_or_default();
    char::from_u32(code).map(String::from).unwrap_or_default()
}

/// Replaces `%i` and its kind for the unit of this name.
pub(crate) fn specify(text: &str, unit: &str) -> String {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        if next != '%' {
            out.push(next);
            continue;
        }
        match chars.next() {
            Some('i' | 'I') => out.push_str(instance),
            Some('n') => out.push_str(unit),
            Some('N') => out.push_str(stem),
            Some('p' | 'P') => out.push_str(prefix),
            Some('t') => out.push_str("/run"),
            Some('S') => out.push_str("/var/lib"),
            Some('C') => out.push_str("/var/cache"),
            Some('L') => out.push_str("/var/log"),
            Some('E') => out.push_str("/etc"),
            Some('T') => out.push_str("/tmp"),
            Some('V') => out.push_str("/var/tmp"),
            Some('%') | None => out.push('%'),
            Some(other) => out.extend(['%', other]),
        }
    }
    out
}

/// Replaces variables in the words of a command.
///
/// A word `$NAME` becomes as many words as its value has; `${NAME}` stays within its word.
pub(crate) fn expand(words: &[String], environment: &Environment) -> Vec<String> {
    let mut out = Vec::new();
    for word in words {
        match whole_variable(word) {
            Some(name) => {
                let value = environment.get(name).map(String::as_str).unwrap_or_default();
                out.extend(split(value).unwrap_or_default());
            }
            None => out.push(embedded(word, environment)),
        }
    }
    out
}

fn whole_variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

fn embedded(word: &str, environment: &Environment) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(more) = after.strip_prefix('$') {
            out.push('$');
            rest = more;
        } else if let Some((name, more)) = after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            out.push_str(environment.get(name).map(String::as_str).unwrap_or_default());
            rest = more;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The assignments in a file of variables.
pub(crate) fn environment_file(text: &str) -> Vec<(String, String)> {
    let text = text.replace("\\\n", "");
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    let assignment = |line: &str| {
        let (name, value) = line.split_once('=')?;
        Some((name.trim().to_owned(), unquote(value.trim())))
    };
    lines.filter_map(assignment).collect()
}

fn unquote(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote)) {
            return if quote == '"' { inner.replace("\\\"", "\"") } else { inner.to_owned() };
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        let pairs = [("ARGS", "-a 'b c'"), ("NAME", "eth0"), ("EMPTY", "")];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn expanded(text: &str) -> Vec<String> {
        expand(&split(text).unwrap(), &environment())
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(
            split(r#"a "b c" 'd "e"' f"g h"i '' "#).unwrap(),
            ["a", "b c", "d \"e\"", "fg hi", ""]
        );
        assert_eq!(split("'open"), None);
    }

    #[test]
    fn escapes_are_those_of_c() {
        assert_eq!(
            split(r"a\x20b \t \\ \101 \s \q \u00e9").unwrap(),
            ["a b", "\t", "\\", "A", " ", "\\q", "é"]
        );
    }

    #[test]
    fn a_variable_alone_becomes_words_and_in_braces_stays_one() {
        assert_eq!(expanded("/bin/x $ARGS ${ARGS}"), ["/bin/x", "-a", "b c", "-a 'b c'"]);
        assert_eq!(expanded("x $EMPTY ${EMPTY} $MISSING"), ["x", ""]);
        assert_eq!(expanded("if=${NAME}.5 $$HOME a$NAME"), ["if=eth0.5", "$HOME", "a$NAME"]);
    }

    #[test]
    fn specifiers_name_the_unit() {
        assert_eq!(
            specify("%i %n %p %N %%", "wg-quick@wg0.service"),
            "wg0 wg-quick@wg0.service wg-quick wg-quick@wg0 %"
        );
        assert_eq!(specify("%t/%N %S %L %E", "bird.service"), "/run/bird /var/lib /var/log /etc");
    }

    #[test]
    fn a_file_of_variables_may_be_quoted_and_commented() {
        let text = "# no\nA=1\n B = \"two words\" \nC='x'\nD=a\\\nb\nnonsense\n";
        let pairs = environment_file(text);
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("A", "1"), ("B", "two words"), ("C", "x"), ("D", "ab")]);
    }
}
