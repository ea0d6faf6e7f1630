//! Rules that follow from the model: few, each with what it is about, who answers for it, what to do, and
//! what is near.
//!
//! What the model knows is told by series that are always there (`ketupa:host:info` and others), so that a
//! question joins what is measured with what is declared, and a Prometheus that is given these rules as a
//! file needs nothing else.

mod backups;
mod checks;
mod disks;
mod hosts;
mod links;
mod near;
mod sessions;
mod vips;
mod watch;

use crate::group::{Alerting, Group, Makes, Rule, Words};
use model::Isp;
use model::kinds::Duty;
use model::{Id, Named as _};

/// The name of a group of these in a list of files.
pub const FILE: &str = "model";

/// Every rule that follows from what is declared.
pub fn of(isp: &Isp) -> Vec<Group> {
    let groups = [
        ("objects", 60, near::records(isp)),
        ("hosts", 15, [hosts::records(isp), hosts::at_once(isp)].concat()),
        ("resources", 60, hosts::resources()),
        ("disks", 60, disks::alarms()),
        ("links", 15, [links::records(isp), links::alarms(isp)].concat()),
        ("sessions", 15, [sessions::records(isp), sessions::alarms(isp)].concat()),
        ("vips", 15, [vips::records(isp), vips::alarms(isp)].concat()),
        ("checks", 15, [checks::records(isp), checks::alarms()].concat()),
        ("backups", 60, [backups::records(isp), backups::alarms()].concat()),
        ("watch", 15, watch::alarms(isp)),
    ];
    let group = |(name, seconds, rules): (&str, i64, Vec<Rule>)| Group {
        file: FILE.to_owned(),
        name: ["ketupa-", name].concat(),
        interval_ms: Some(seconds * 1000),
        rules,
        ..Group::default()
    };
    groups.into_iter().filter(|(.., rules)| !rules.is_empty()).map(group).collect()
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Severity {
    /// Somebody gets up.
    Critical,
    /// Somebody looks today.
    Warning,
    /// Good to know.
    Info,
    /// As the series says that the question is about.
    Told,
}

/// What an alert says about its object, for whoever looks for causes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Means {
    /// It, or the part of it that is named, does not work: may be the cause of others.
    Down,
    /// It works, but differently, because something else does not.
    Follows,
    /// Nothing about anything else.
    Itself,
}

/// A rule that alerts, in short.
struct Alarm<'a> {
    name: &'a str,
    severity: Severity,
    means: Means,
    /// How long it must hold, in seconds.
    hold_s: i64,
    expr: String,
    /// In English and in French.
    summary: [&'a str; 2],
    /// What to do.
    act: [&'a str; 2],
    /// Further labels.
    labels: &'a [(&'a str, &'a str)],
}

/// What is near is asked for when it is told: as a label it would be part of the alert's name.
const NEAR: &str = "{{ with printf \"ketupa:object:info{object=\\\"%s\\\"}\" $labels.object | query }}\
                    {{ . | first | label \"near\" }}{{ end }}";

impl Alarm<'_> {
    fn rule(self) -> Rule {
        let severity = match self.severity {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info => "info",
            Severity::Told => "",
        };
        let means = match self.means {
            Means::Down => "down",
            Means::Follows => "follows",
            Means::Itself => "",
        };
        let labels = [("severity", severity), ("means", means)];
        let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
        let [summary, summary_fr] = self.summary;
        let [act, act_fr] = self.act;
        let annotations = [
            ("summary", summary),
            ("summary_fr", summary_fr),
            ("do", act),
            ("do_fr", act_fr),
            ("near", NEAR),
        ];
        Rule {
            name: self.name.to_owned(),
            expr: self.expr,
            labels: words(labels.chain(self.labels.iter().copied())),
            makes: Makes::Alerts(Alerting {
                hold_ms: self.hold_s * 1000,
                keep_ms: 0,
                annotations: words(annotations),
            }),
            line: 0,
        }
    }
}

fn words<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Words {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A series that is always there, with a value.
fn record(name: &str, value: &str, labels: &[(&str, &str)]) -> Rule {
    Rule {
        name: name.to_owned(),
        expr: ["vector(", value, ")"].concat(),
        labels: words(labels.iter().copied().filter(|(_, value)| !value.is_empty())),
        makes: Makes::Series,
        line: 0,
    }
}

/// What is measured on a host, with what the model says of the host.
fn on_host(expr: &str) -> String {
    ["(", expr, ") * on (instance) group_left (object, duty) ketupa:host:info"].concat()
}

/// Whether a host's agent was heard lately: what it told before means nothing now.
fn heard(isp: &Isp) -> String {
    let seconds = isp.watch.interval.0 * 6;
    format!("(last_over_time(up{{job=\"node\"}}[{seconds}s]) == 1)")
}

fn duty(isp: &Isp, owner: Option<Id<Duty>>) -> &str {
    owner.map_or("", |id| isp.duties[id].name())
}
