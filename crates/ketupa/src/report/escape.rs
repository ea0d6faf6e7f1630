//! Words that others chose, made harmless where they go: a terminal, Markdown, XML, a script element.

use std::fmt::Write as _;

/// Text for a terminal, on one line: nothing that drives it or turns the direction of writing.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_harmless(c) { c } else { '\u{fffd}' }).collect()
}

fn is_harmless(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// A word for a shell: as it is, or in quotes.
pub(crate) fn word(text: &str) -> String {
    let tame = |c: char| c.is_ascii_alphanumeric() || "-_./+:@%,".contains(c);
    let text = plain(text);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(tame) {
        return text;
    }
    let text = if text.starts_with('-') { format!("./{text}") } else { text };
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Text for Markdown: no markup, no HTML, no mention of anybody, no reference to an issue, no link.
pub(crate) fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in apart(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' => out.extend(['\\', c]),
            '<' | '>' | '&' | '@' | '#' | '!' | '~' | '$' | '%' | '^' => out += &entity(c),
            c => out.push(c),
        }
    }
    out
}

/// Text for an HTML element in Markdown, where a backslash is a backslash.
pub(crate) fn element(text: &str) -> String {
    xml(&apart(text))
}

/// Forges look for `@name`, `#12` and `http://` in the text that results: what would be one is
/// joined by a character that nobody sees.
fn apart(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(if is_harmless(c) { c } else { ' ' });
        let refers = "@#!~$%&^".contains(c) && rest.peek().is_some_and(|c| c.is_alphanumeric());
        if refers || (c == ':' && rest.peek() == Some(&'/')) {
            out.push('\u{2060}');
        }
    }
    out
}

fn entity(c: char) -> String {
    format!("&#{};", u32::from(c))
}

/// A code span of Markdown that may stand in a table.
pub(crate) fn code(text: &str) -> String {
    let text = plain(text).replace('|', "\\|");
    let runs = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(runs + 1);
    if runs == 0 { format!("`{text}`") } else { format!("{fence} {text} {fence}") }
}

/// Text for XML, in an element or an attribute: lines stay lines, what XML cannot hold becomes a sign.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// JSON for a script element: nothing in it can end the element or begin another one.
pub(crate) fn script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
