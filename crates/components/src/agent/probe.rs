//! What a check is in an agent's file: the lines of one `[[probe]]`.

use derive::checks::{Check, Goal, Question};
use std::fmt::Write as _;
use std::net::IpAddr;

/// The lines of the table with which an agent asks. Of sessions BIRD tells, and nothing is asked.
pub fn lines(check: &Check) -> Option<Vec<String>> {
    let mut keys = vec![
        ("check", quoted(&check.name)),
        ("object", quoted(&check.object)),
        ("asks", quoted(check.question.word())),
        ("interval", check.every.0.to_string()),
    ];
    keys.extend(match &check.question {
        Question::Ping(goal) => asked(goal, None, None),
        Question::Tcp(goal, port) | Question::Smtp { goal, port } => asked(goal, Some(*port), None),
        Question::Certificate { goal, port, name } | Question::Dns { goal, port, name } => {
            asked(goal, Some(*port), Some(name))
        }
        Question::Page(page) => {
            let mut keys = asked(&page.goal, Some(page.port), Some(&page.name));
            keys.push(("path", quoted(&page.path)));
            keys.extend(page.contains.as_ref().map(|text| ("contains", quoted(text))));
            keys
        }
        Question::Held(addresses) => vec![("addresses", list(addresses))],
        Question::Session(_) => return None,
    });
    Some(keys.into_iter().map(|(key, value)| format!("{key} = {value}")).collect())
}

fn asked(goal: &Goal, port: Option<u16>, name: Option<&str>) -> Vec<(&'static str, String)> {
    let mut keys = vec![("to", quoted(&goal.to_string()))];
    keys.extend(port.map(|port| ("port", port.to_string())));
    keys.extend(name.map(|name| ("name", quoted(name))));
    keys
}

fn list(addresses: &[IpAddr]) -> String {
    let all: Vec<String> = addresses.iter().map(|own| quoted(&own.to_string())).collect();
    format!("[{}]", all.join(", "))
}

/// A text as TOML's basic string has it.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // Writing to a string cannot fail.
            c if c.is_control() => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_text_ends_its_own_quotes() {
        assert_eq!(quoted("a \"b\" \\ é"), r#""a \"b\" \\ é""#);
        assert_eq!(quoted("a\nb\u{7f}\t"), r#""a\u000ab\u007f\u0009""#);
    }
}
