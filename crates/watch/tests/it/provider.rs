//! A provider as its agents would tell of it: healthy, but for what a test breaks.

use crate::place::{Place, T0, put};
use crate::telling::{Speaker, Told};
use metrics::{Labels, STALE, Store};
use model::Isp;
use std::collections::{BTreeMap, BTreeSet};
use watch::{Alert, Group, Incident, Phase, State, evaluate, rules};

/// More alerts of one name below one cause are told by their number.
const MANY: usize = 12;
/// How far apart the samples of the past are, in milliseconds.
const PAST: i64 = 600_000;

/// What is told where, and how long after the fault began.
pub(crate) struct Scene<'a> {
    pub(crate) isp: &'a Isp,
    pub(crate) host: &'a str,
    /// The time, in seconds since 1970.
    pub(crate) now: f64,
    /// How long it is broken already, in seconds.
    pub(crate) lasts: f64,
}

/// What a fault does to what a host tells.
pub(crate) type Breaks<'a> = &'a dyn Fn(&Scene<'_>, &mut Told);

pub(crate) fn healthy(_: &Scene<'_>, _: &mut Told) {}

pub(crate) struct Provider {
    pub(crate) isp: Isp,
    pub(crate) groups: Vec<Group>,
    pub(crate) state: State,
    /// How often agents tell, in milliseconds.
    pub(crate) step: i64,
    speaker: Speaker,
    store: Store,
    now: i64,
    /// When what breaks began to.
    began: i64,
    /// The series that each host told last.
    last: BTreeMap<String, BTreeSet<Labels>>,
    _place: Place,
}

impl Provider {
    /// The example.
    pub(crate) fn new(name: &str) -> Self {
        Self::of(name, testkit::isp(&testkit::example("neutrinet")), "neutrinet")
    }

    /// Another one, whose rendered files are those of an example as far as it has these hosts.
    pub(crate) fn of(name: &str, isp: Isp, rendered: &str) -> Self {
        let place = Place::new(name);
        Self {
            groups: rules::of(&isp),
            state: State::default(),
            step: 30_000,
            speaker: Speaker::of(&isp, rendered),
            store: place.store(),
            now: T0,
            began: T0,
            last: BTreeMap::new(),
            isp,
            _place: place,
        }
    }

    /// What some hosts told until now, for some days in which nobody asked for alerts.
    pub(crate) fn past(&mut self, days: i64, hosts: &[&str], breaks: Breaks<'_>) {
        let begin = self.now;
        let mut at = begin - days * 86_400_000;
        while at < begin {
            self.now = at;
            for host in hosts {
                let told = self.tells(host, breaks);
                put(&mut self.store, at, &told);
            }
            at += PAST;
        }
        self.now = begin;
    }

    /// Some minutes with a fault, or without.
    pub(crate) fn minutes(&mut self, minutes: i64, breaks: Breaks<'_>) {
        let until = self.now + minutes * 60_000;
        while self.now < until {
            self.now += self.step;
            self.tell(breaks);
            evaluate(&self.groups, &mut self.store, &mut self.state, self.now);
        }
    }

    /// From now on something is broken.
    pub(crate) fn breaks_now(&mut self) {
        self.began = self.now;
    }

    /// Every host tells how it is.
    fn tell(&mut self, breaks: Breaks<'_>) {
        let hosts: Vec<String> = self.isp.hosts.values().map(|host| host.name.clone()).collect();
        for host in hosts {
            let mut told = self.tells(&host, breaks);
            if told.is_empty() {
                continue;
            }
            let names: BTreeSet<Labels> = told.iter().map(|(labels, _)| labels.clone()).collect();
            let before = self.last.insert(host, names.clone()).unwrap_or_default();
            let stale = f64::from_bits(STALE);
            told.extend(before.difference(&names).map(|labels| (labels.clone(), stale)));
            put(&mut self.store, self.now, &told);
        }
    }

    fn tells(&self, host: &str, breaks: Breaks<'_>) -> Told {
        let mut told = self.speaker.told(&self.isp, host, self.now);
        let now = self.now as f64 / 1000.0;
        let lasts = (self.now - self.began) as f64 / 1000.0;
        breaks(&Scene { isp: &self.isp, host, now, lasts }, &mut told);
        told
    }

    pub(crate) fn firing(&self) -> Vec<Alert> {
        let alerts = self.state.alerts();
        alerts.into_iter().filter(|alert| alert.phase == Phase::Firing).collect()
    }

    /// What fires, grouped under causes: a line for each, those caused indented.
    pub(crate) fn incidents(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Incident { cause, caused } in watch::group(self.firing(), &self.isp) {
            lines.push(line(&cause));
            for same in caused.chunk_by(|one, other| one.name() == other.name()) {
                match same {
                    [first, ..] if same.len() > MANY => {
                        lines.push(format!("  {} {} times", first.name(), same.len()));
                    }
                    _ => lines.extend(same.iter().map(|alert| ["  ", &line(alert)].concat())),
                }
            }
        }
        lines
    }

    /// What cannot be evaluated.
    pub(crate) fn errors(&self) -> Vec<String> {
        let mut errors = Vec::new();
        for group in &self.groups {
            for (place, rule) in group.rules.iter().enumerate() {
                let error = self.state.error_of(group, place);
                errors.extend(error.map(|why| format!("{}: {why}", rule.name)));
            }
        }
        errors
    }
}

/// An alert in one line.
pub(crate) fn line(alert: &Alert) -> String {
    let words = ["segment", "peer", "part"].map(|name| alert.label(name));
    let part = words.into_iter().find(|word| !word.is_empty());
    let part = part.map(|part| format!(" ({part})")).unwrap_or_default();
    format!("{} {}{part}", alert.name(), alert.label("object"))
}
