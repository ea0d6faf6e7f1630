//! Which alert is the cause of which: what stands on something that does not work is told under it.

use crate::depend::{Dependencies, part};
use crate::state::{Alert, Phase};
use model::{Isp, Named as _};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One thing that is wrong, with everything that follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// What nothing else explains.
    pub cause: Alert,
    /// What it explains, from the ground up.
    pub caused: Vec<Alert>,
}

impl Incident {
    /// How bad it is: as the worst of its alerts.
    pub fn severity(&self) -> &str {
        let all = self.caused.iter().chain([&self.cause]);
        all.map(|alert| alert.label("severity")).min_by_key(|word| rank(word)).unwrap_or_default()
    }
}

/// Puts every alert under its cause, by what the model says stands on what.
pub fn group(alerts: Vec<Alert>, isp: &Isp) -> Vec<Incident> {
    group_by(alerts, isp, &Dependencies::of(isp))
}

/// The same, where the dependencies are known already.
pub fn group_by(mut alerts: Vec<Alert>, isp: &Isp, known: &Dependencies) -> Vec<Incident> {
    alerts.sort_by(|one, other| one.labels.cmp(&other.labels));
    let entries: Vec<Entry<'_>> = alerts.iter().map(|alert| Entry::of(alert, isp, known)).collect();
    let causes = Causes::of(&entries, known);
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|place| entries.get(*place).map(Entry::order));
    let mut roots: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in order {
        let root = causes.root(place);
        let under = roots.entry(root).or_default();
        if root != place {
            under.push(place);
        }
    }
    let alert = |place: &usize| alerts.get(*place).cloned();
    let incident = |(root, caused): (usize, Vec<usize>)| {
        Some(Incident { cause: alert(&root)?, caused: caused.iter().filter_map(alert).collect() })
    };
    let mut incidents: Vec<Incident> = roots.into_iter().filter_map(incident).collect();
    incidents.sort_by(|one, other| {
        let key = |incident: &Incident| (rank(incident.severity()), incident.cause.since);
        key(one).cmp(&key(other)).then_with(|| one.cause.labels.cmp(&other.cause.labels))
    });
    incidents
}

/// How bad a word is: the lower, the worse.
fn rank(severity: &str) -> u8 {
    match severity {
        "critical" => 0,
        "warning" => 1,
        "info" => 2,
        _ => 3,
    }
}

/// An alert, and what it is about.
struct Entry<'a> {
    alert: &'a Alert,
    /// The object as a whole.
    object: String,
    /// The object, or the part of it.
    subject: String,
    height: (u8, usize),
}

impl<'a> Entry<'a> {
    fn of(alert: &'a Alert, isp: &Isp, known: &Dependencies) -> Self {
        let object = object(alert, isp);
        let parts = ["segment", "peer", "part"].map(|name| alert.label(name));
        let subject = match parts.into_iter().find(|part| !part.is_empty()) {
            Some(_) if object.is_empty() => String::new(),
            // A session between two of ours is one, whichever end tells.
            Some(peer) if peer == alert.label("peer") && *peer < *object => part(peer, &object),
            Some(of) => part(&object, of),
            None => object.clone(),
        };
        let height = known.height(&subject);
        Self { alert, object, subject, height }
    }

    /// Whether others may be explained by it.
    fn explains(&self) -> bool {
        let down = self.alert.label("means") == "down";
        down && self.alert.phase == Phase::Firing && !self.subject.is_empty()
    }

    /// From the ground up, the worst first.
    fn order(&self) -> ((u8, usize), u8, i64, &crate::Words) {
        let severity = rank(self.alert.label("severity"));
        (self.height, severity, self.alert.since, &self.alert.labels)
    }
}

/// The object that an alert is about: it says so, or its instance is a host.
fn object(alert: &Alert, isp: &Isp) -> String {
    let said = alert.label("object");
    if !said.is_empty() {
        return said.to_owned();
    }
    let instance = alert.label("instance");
    let name = instance.rsplit_once(':').map_or(instance, |(name, _)| name);
    let host = isp.hosts.find(name).map(|id| &isp.hosts[id]);
    host.map(|host| ["host.", host.name()].concat()).unwrap_or_default()
}

/// The alert above each alert.
struct Causes(Vec<Option<usize>>);

impl Causes {
    fn of(entries: &[Entry<'_>], known: &Dependencies) -> Self {
        let mut telling: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.explains()) {
            let best = telling.entry(&entry.subject).or_insert(place);
            if entries.get(*best).is_some_and(|known| entry.order() < known.order()) {
                *best = place;
            }
        }
        let above = |(place, entry): (usize, &Entry<'_>)| {
            let same = telling.get(entry.subject.as_str()).copied();
            if let Some(same) = same.filter(|same| *same != place) {
                return Some(same);
            }
            let found = candidates(entry, known, &telling);
            let lower = |place: &usize| {
                entries.get(*place).is_some_and(|cause| {
                    cause.height < entry.height || cause.subject == entry.object
                })
            };
            let found = found.into_iter().filter(|found| *found != place).filter(lower);
            found.min_by_key(|place| entries.get(*place).map(Entry::order))
        };
        Self(entries.iter().enumerate().map(above).collect())
    }

    /// The last of those above, or the alert itself.
    fn root(&self, place: usize) -> usize {
        let above = |place: &usize| self.0.get(*place).copied().flatten();
        let chain = std::iter::successors(Some(place), above);
        chain.take(self.0.len() + 1).last().unwrap_or(place)
    }
}

/// The alerts that can explain one: of what it stands on, and of what that cannot be without.
fn candidates(
    entry: &Entry<'_>,
    known: &Dependencies,
    telling: &BTreeMap<&str, usize>,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    // Whatever else is told of something that is down.
    found.extend(telling.get(entry.object.as_str()));
    if !matches!(entry.alert.label("means"), "down" | "follows") {
        return found;
    }
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    let mut next: Vec<&String> = known.direct(&entry.subject).collect();
    while let Some(object) = next.pop() {
        if !seen.insert(object) {
            continue;
        }
        match telling.get(object.as_str()) {
            Some(place) => {
                found.insert(*place);
            }
            // What is not told to be down works, unless what it must have does not.
            None => next.extend(known.vital(object)),
        }
    }
    found
}
