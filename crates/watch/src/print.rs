//! Groups as a rule file: what this writes, Prometheus and [`crate::read`] read.

use crate::duration::shown;
use crate::group::{Group, Makes, Rule, Words};
use std::fmt::Write as _;

/// A rule file with these groups.
pub fn yaml(groups: &[Group]) -> String {
    let mut text = String::from("groups:\n");
    for group in groups {
        // Writing to a text cannot fail.
        let _ = of_group(&mut text, group);
    }
    text
}

fn of_group(text: &mut String, group: &Group) -> std::fmt::Result {
    writeln!(text, "- name: {}", scalar(&group.name))?;
    if let Some(interval) = group.interval_ms {
        writeln!(text, "  interval: {}", shown(interval))?;
    }
    if group.offset_ms > 0 {
        writeln!(text, "  query_offset: {}", shown(group.offset_ms))?;
    }
    if group.limit > 0 {
        writeln!(text, "  limit: {}", group.limit)?;
    }
    words(text, "  ", "labels", &group.labels)?;
    writeln!(text, "  rules:")?;
    group.rules.iter().try_for_each(|rule| of_rule(text, rule))
}

fn of_rule(text: &mut String, rule: &Rule) -> std::fmt::Result {
    let key = match rule.makes {
        Makes::Series => "record",
        Makes::Alerts(_) => "alert",
    };
    writeln!(text, "  - {key}: {}", scalar(&rule.name))?;
    writeln!(text, "    expr: {}", scalar(&rule.expr))?;
    let Makes::Alerts(alerting) = &rule.makes else {
        return words(text, "    ", "labels", &rule.labels);
    };
    if alerting.hold_ms > 0 {
        writeln!(text, "    for: {}", shown(alerting.hold_ms))?;
    }
    if alerting.keep_ms > 0 {
        writeln!(text, "    keep_firing_for: {}", shown(alerting.keep_ms))?;
    }
    words(text, "    ", "labels", &rule.labels)?;
    words(text, "    ", "annotations", &alerting.annotations)
}

fn words(text: &mut String, indent: &str, key: &str, words: &Words) -> std::fmt::Result {
    if words.is_empty() {
        return Ok(());
    }
    writeln!(text, "{indent}{key}:")?;
    for (name, value) in words {
        writeln!(text, "{indent}  {name}: {}", scalar(value))?;
    }
    Ok(())
}

/// A text as it stands after a key: bare where YAML cannot take it for anything else.
fn scalar(text: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || "-_.:/".contains(letter);
    let word = text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.chars().all(bare)
        && !text.ends_with(':')
        && !matches!(text.to_ascii_lowercase().as_str(), "y" | "n" | "yes" | "no" | "on" | "off")
        && !matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null");
    if word {
        text.to_owned()
    } else if text.chars().any(char::is_control) {
        // A JSON text is a YAML text.
        serde_json::Value::from(text).to_string()
    } else {
        ["'", &text.replace('\'', "''"), "'"].concat()
    }
}
