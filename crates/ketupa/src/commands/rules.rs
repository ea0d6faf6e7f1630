//! `ketupa rules`: the rules that follow from the model, and what is wrong with rule files.

use super::{End, Error};
use crate::cli::rules::{Language, Rules, RulesFormat};
use crate::input;
use crate::screen::{Printed, Screen, counted};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use watch::{Group, Rule, State};

/// A rule file that is longer is none.
const MOST_BYTES: u64 = 8 << 20;

pub(crate) fn run(args: &Rules, screen: &mut Screen) -> Result<End, Error> {
    if !args.check.is_empty() {
        return check(args, screen);
    }
    let read = input::read(&args.dir)?;
    let Some(isp) = read.isp else {
        screen.findings(&read.findings, &read.directory.sources)?;
        screen.say(counted(&read.findings));
        return Ok(End::Wrong);
    };
    let groups = watch::rules::of(&isp);
    match &args.alert {
        Some(name) => alone(&groups, (name, args.language), screen)?,
        None => print(&groups, (args.format, args.language), screen)?,
    }
    Ok(End::Well)
}

fn print(
    groups: &[Group],
    (format, language): (RulesFormat, Language),
    screen: &mut Screen,
) -> Printed {
    match format {
        RulesFormat::Text => text(groups, language, screen),
        RulesFormat::Yaml => screen.text(&watch::to_yaml(groups)),
        RulesFormat::Json => screen.json(&watch::api::rules(groups, &State::default())),
    }
}

/// Alerts in a table; series are many and are told by their number.
fn text(groups: &[Group], language: Language, screen: &mut Screen) -> Printed {
    screen.line(format!("{:<24} {:<9} {:>6}  what it says", "alert", "severity", "after"))?;
    let rules = || groups.iter().flat_map(|group| &group.rules);
    for rule in rules() {
        if let Some(line) = line(rule, language) {
            screen.line(line)?;
        }
    }
    let series = rules().filter(|rule| rule.alerting().is_none()).count();
    screen.say(format!(
        "{} alerts, of which --alert NAME says more; {series} rules that make series of what is declared",
        rules().count() - series
    ));
    Ok(())
}

fn line(rule: &Rule, language: Language) -> Option<String> {
    let hold = watch::shown_duration(rule.alerting()?.hold_ms);
    let says = said(rule, language, "summary");
    Some(format!("{:<24} {:<9} {hold:>6}  {says}", rule.name, severity(rule)))
}

/// What an alert says of a kind, `summary` or `do`, as its annotation is called.
pub(super) fn annotation(language: Language, kind: &str) -> String {
    match language {
        Language::En => kind.to_owned(),
        Language::Fr => [kind, "_fr"].concat(),
    }
}

/// How bad it is. Where nothing is said, it is as bad as the object that it is about is dear.
fn severity(rule: &Rule) -> &str {
    rule.labels.get("severity").map_or("by object", String::as_str)
}

/// What an alert says, without the values that it will have.
fn said(rule: &Rule, language: Language, kind: &str) -> String {
    let annotations = rule.alerting().map(|alerting| &alerting.annotations);
    let text = annotations.and_then(|all| all.get(&annotation(language, kind)));
    without_values(text.map_or("", String::as_str))
}

/// A text of a template with names where labels will be, and dots where values will be; of what depends on
/// something, how it is mostly.
fn without_values(text: &str) -> String {
    let (mut shown, mut rest, mut hidden) = (String::new(), text, 0_usize);
    while let Some((before, (inside, after))) =
        rest.split_once("{{").and_then(|(before, behind)| Some((before, behind.split_once("}}")?)))
    {
        let word = inside.trim();
        if hidden == 0 {
            shown.push_str(before);
        }
        match word.split_whitespace().next().unwrap_or_default() {
            "range" | "with" => hidden += 1,
            "else" => hidden = 1,
            "end" => hidden = hidden.saturating_sub(1),
            "if" => {}
            _ if hidden > 0 => {}
            first => match first.strip_prefix("$labels.") {
                Some(label) => shown.extend(["<", label, ">"]),
                None => shown.push('…'),
            },
        }
        if word.starts_with("range") && hidden == 1 {
            shown.push_str(" …");
        }
        rest = after;
    }
    [&shown, rest].concat()
}

/// Everything about one alert.
fn alone(
    groups: &[Group],
    (name, language): (&str, Language),
    screen: &mut Screen,
) -> Result<(), Error> {
    let rules = groups.iter().flat_map(|group| &group.rules);
    let mut found = rules.filter(|rule| rule.name == name && rule.alerting().is_some()).peekable();
    if found.peek().is_none() {
        let says = format!("--alert {name}: there is no such alert; `ketupa rules` lists them all");
        return Err(Error::Usage(says));
    }
    for rule in found {
        let hold = rule.alerting().map_or(0, |alerting| alerting.hold_ms);
        screen.line(&rule.name)?;
        for (word, text) in [
            ("severity", severity(rule).to_owned()),
            ("after", watch::shown_duration(hold)),
            ("says", said(rule, language, "summary")),
            ("do", said(rule, language, "do")),
            ("asks", rule.expr.split_whitespace().collect::<Vec<_>>().join(" ")),
        ] {
            screen.line(format!("  {word:<8}  {text}"))?;
        }
    }
    Ok(())
}

fn check(args: &Rules, screen: &mut Screen) -> Result<End, Error> {
    let (mut groups, mut wrong) = (Vec::new(), 0);
    for path in &args.check {
        match read(path)? {
            Ok(found) => groups.extend(found),
            Err(found) => {
                wrong += found.len();
                found.iter().try_for_each(|one| screen.line(one.to_string()))?;
            }
        }
    }
    if wrong > 0 {
        screen.say(format!("{wrong} mistakes"));
        return Ok(End::Wrong);
    }
    if args.format == RulesFormat::Text {
        let rules: usize = groups.iter().map(|group| group.rules.len()).sum();
        screen.line(format!("{} groups with {rules} rules: nothing is wrong", groups.len()))?;
    } else {
        print(&groups, (args.format, args.language), screen)?;
    }
    Ok(End::Well)
}

/// Reads a rule file that is named once and for all. Pipes and devices are never opened: that can wait for ever.
pub(crate) fn read_named(path: &Path) -> Result<Result<Vec<Group>, Vec<watch::Wrong>>, Error> {
    let told = |source| Error::file("read", path, source);
    if !std::fs::metadata(path).map_err(told)?.is_file() {
        return Err(told(std::io::Error::other("it is not a regular file")));
    }
    read(path)
}

/// Reads a rule file: its groups, or what is wrong with it.
pub(crate) fn read(path: &Path) -> Result<Result<Vec<Group>, Vec<watch::Wrong>>, Error> {
    let told = |source| Error::file("read", path, source);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(told)?;
    // One byte more than the limit says that there is more.
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(told)?;
    let name = path.display().to_string();
    Ok(match String::from_utf8(bytes) {
        Ok(text) => watch::read(&name, &text),
        Err(_) => Err(vec![watch::Wrong { file: name, line: 1, says: "it is no UTF-8".into() }]),
    })
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn what_alerts_say_is_read_without_values() {
        for (text, shown) in [
            ("{{ $labels.instance }} has {{ $value | humanize }} left", "<instance> has … left"),
            ("down:{{ range query \"a\" }} {{ .Labels.check }}{{ end }}", "down: …"),
            (
                "{{ if gt $value 0.0 }}ends in {{ $value }}{{ else }}has ended{{ end }}.",
                "ends in ….",
            ),
            ("{{ with query \"x\" }}{{ . }}{{ end }}plain {{", "plain {{"),
        ] {
            assert_eq!(without_values(text), shown, "{text}");
        }
    }
}
