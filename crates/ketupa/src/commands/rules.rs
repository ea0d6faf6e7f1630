//! `ketupa rules`: the rules that follow from the model, and what is wrong with rule files.

use super::{End, Error};
use crate::cli::rules::{Rules, RulesFormat};
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
    print(&watch::rules::of(&isp), args.format, screen)?;
    Ok(End::Well)
}

fn print(groups: &[Group], format: RulesFormat, screen: &mut Screen) -> Printed {
    match format {
        RulesFormat::Text => text(groups, screen),
        RulesFormat::Yaml => screen.text(&watch::to_yaml(groups)),
        RulesFormat::Json => screen.json(&watch::api::rules(groups, &State::default())),
    }
}

/// Alerts in a table; series are many and are told by their number.
fn text(groups: &[Group], screen: &mut Screen) -> Printed {
    screen.line(format!("{:<24} {:<9} {:>6}  what it asks", "alert", "severity", "for"))?;
    let rules = || groups.iter().flat_map(|group| &group.rules);
    for rule in rules() {
        if let Some(line) = line(rule) {
            screen.line(line)?;
        }
    }
    let series = rules().filter(|rule| rule.alerting().is_none()).count();
    screen.say(format!(
        "{} alerts; {series} rules that make series of what is declared",
        rules().count() - series
    ));
    Ok(())
}

fn line(rule: &Rule) -> Option<String> {
    let alerting = rule.alerting()?;
    // Where nothing is said, the series that the question is about says it.
    let severity = rule.labels.get("severity").map_or("as told", String::as_str);
    let hold = watch::shown_duration(alerting.hold_ms);
    let expr = rule.expr.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("{:<24} {severity:<9} {hold:>6}  {expr}", rule.name))
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
        print(&groups, args.format, screen)?;
    }
    Ok(End::Well)
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
