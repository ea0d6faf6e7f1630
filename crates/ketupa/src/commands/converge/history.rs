//! `ketupa history`: who changed hosts, when, from what, and how it ended, as the hosts keep it.

use super::origin::shown;
use super::progress::Progress;
use super::{ready, told};
use crate::cli::Format;
use crate::cli::converge::History;
use crate::commands::{End, Error};
use crate::report::plain;
use crate::screen::{Printed, Screen};
use converge::{Ending, Record, Trouble, ask_all};
use machine::{Machine, Rights};
use serde_json::json;
use std::collections::BTreeMap;

/// What each host keeps.
type Histories = BTreeMap<String, Result<Vec<Record>, Trouble>>;

pub(crate) fn run(args: &History, screen: &mut Screen) -> Result<End, Error> {
    let Some(ready) = ready(&args.reach, Rights::Look, screen)? else { return Ok(End::Wrong) };
    let machines: Vec<&dyn Machine> =
        ready.hosts.iter().map(|(_, machine)| machine as &dyn Machine).collect();
    let progress = Progress::new(machines.len());
    let watch = |host: &str, step: converge::Step<'_>| progress.step(host, step);
    let ask = |machine: &dyn Machine| converge::history(machine, args.limit);
    let histories: Histories = ask_all(&machines, ready.workers, &watch, ask);
    match args.format {
        Format::Text => text(&histories, args.limit, screen)?,
        Format::Json => screen.json(&as_json(&histories))?,
    }
    let silent = histories.values().filter(|history| history.is_err()).count();
    if silent > 0 {
        screen.say(format!("{} did not tell: what they know is missing", told::hosts(silent)));
    }
    Ok(if silent == 0 { End::Well } else { End::Wrong })
}

/// What was ordered together stands together, the latest first.
fn text(histories: &Histories, limit: u32, screen: &mut Screen) -> Printed {
    let mut runs: BTreeMap<(u64, &str), Vec<(&str, &Record)>> = BTreeMap::new();
    let mut begun: BTreeMap<&str, u64> = BTreeMap::new();
    let known = || {
        let known =
            histories.iter().filter_map(|(host, history)| Some((host, history.as_ref().ok()?)));
        known.flat_map(|(host, records)| records.iter().map(move |record| (host, record)))
    };
    for (_, record) in known() {
        let at = begun.entry(&record.origin.run).or_insert(record.at);
        *at = record.at.min(*at);
    }
    for (host, record) in known() {
        let run = record.origin.run.as_str();
        let at = begun.get(run).copied().unwrap_or(record.at);
        runs.entry((at, run)).or_default().push((host, record));
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    for ((at, _), records) in runs.iter().rev().take(most) {
        run_text(*at, records, screen)?;
    }
    for (host, history) in histories {
        if let Err(trouble) = history {
            told::unknown(host, &trouble.to_string(), screen)?;
        }
    }
    Ok(())
}

fn run_text(at: u64, records: &[(&str, &Record)], screen: &mut Screen) -> Printed {
    let Some((_, first)) = records.first() else { return Ok(()) };
    let (who, from) = (plain(&first.origin.who), shown(&first.origin.revision));
    screen.line(format!("{}  {who}  {from}", time(at)))?;
    for (host, record) in records {
        screen.line(format!("  {host}: {}", ending(record.end)))?;
        for changed in &record.changed {
            screen.line(format!("    {}", plain(changed)))?;
        }
    }
    Ok(())
}

/// In universal time, because operators sit in many places.
fn time(at: u64) -> String {
    let second = i64::try_from(at).unwrap_or_default();
    let time = jiff::Timestamp::from_second(second).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn ending(end: Ending) -> &'static str {
    match end {
        Ending::Done => "done",
        Ending::Refused => "refused, nothing was touched",
        Ending::Undone => "failed, put back",
        Ending::Unconfirmed => "not confirmed, put back",
    }
}

fn as_json(histories: &Histories) -> serde_json::Value {
    let (mut hosts, mut unknown) = (Vec::new(), Vec::new());
    for (host, history) in histories {
        match history {
            Ok(records) => hosts.push(json!({ "host": host, "changes": records })),
            Err(trouble) => unknown.push(json!({ "host": host, "why": trouble.to_string() })),
        }
    }
    json!({ "hosts": hosts, "unknown": unknown })
}
