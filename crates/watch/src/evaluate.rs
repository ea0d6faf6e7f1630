//! Evaluates rules: asks, and makes of the answers series and alerts. Time is told, samples come and go
//! through [`Samples`].

use crate::group::{Alerting, Group, Makes, Rule, Words};
use crate::state::{Active, OfGroup, OfRule, Phase, State, keys};
use crate::template::{About, Sample, Template};
use metrics::promql::Answer;
use metrics::{Labels, NAME, STALE, Store};
use std::collections::{BTreeMap, BTreeSet};

/// How long an alert that ended is still told.
const RESOLVED_KEPT: i64 = 15 * 60_000;
/// Who was away for longer than a sample counts saw nothing meanwhile.
const AWAY: i64 = 5 * 60_000;
/// After so long without a server agents wait for as long as they ever do between two attempts.
const PAUSE: i64 = 30_000;
/// How long they wait then, and some seconds.
const RETURN: i64 = 75_000;
/// How often groups are evaluated that do not say, in milliseconds.
pub const EVERY: i64 = 60_000;

/// Where samples are: asked for, and put.
pub trait Samples {
    /// Answers a question for a time in milliseconds.
    fn ask(&self, question: &str, at: i64) -> Result<Vec<(Labels, f64)>, String>;
    /// Keeps samples of a time.
    fn keep(&mut self, made: &[(Labels, f64)], at: i64) -> Result<(), String>;
}

impl Samples for Store {
    fn ask(&self, question: &str, at: i64) -> Result<Vec<(Labels, f64)>, String> {
        lines(self.query(question, at))
    }

    fn keep(&mut self, made: &[(Labels, f64)], at: i64) -> Result<(), String> {
        let values: Vec<[(i64, f64); 1]> = made.iter().map(|(_, value)| [(at, *value)]).collect();
        let samples = made.iter().zip(&values);
        let samples = samples
            .map(|((labels, _), values)| metrics::Samples { labels: labels.bytes(), values });
        let appended = self.append(&samples.collect::<Vec<_>>(), at);
        match appended.map_err(|why| why.to_string())?.why {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }
}

/// The lines of an answer with one value each.
pub fn lines(answer: Result<Answer, metrics::promql::Wrong>) -> Result<Vec<(Labels, f64)>, String> {
    match answer.map_err(|why| why.to_string())? {
        Answer::Scalar(point) => Ok(vec![(Labels::default(), point.value)]),
        Answer::Vector(series) => {
            let last = |series: metrics::promql::Series| {
                Some((series.labels, series.points.last()?.value))
            };
            Ok(series.into_iter().filter_map(last).collect())
        }
        Answer::Text(..) | Answer::Matrix(_) => {
            Err("the answer is no number and no list of them".into())
        }
    }
}

/// Evaluates the groups that are due.
pub fn evaluate(groups: &[Group], samples: &mut dyn Samples, state: &mut State, now: i64) {
    forget(groups, samples, state, now);
    for group in groups {
        let interval = group.interval_ms.unwrap_or(EVERY).max(1);
        // At the same times whenever it began: what it makes has even steps.
        let at = now.div_euclid(interval) * interval;
        let known = state.groups.entry(group.key()).or_default();
        if known.last == Some(at) {
            continue;
        }
        if let Some(last) = known.last.filter(|last| at - last > interval.max(AWAY)) {
            known.was_away(at - last - interval);
        }
        let pause = known.last.map(|last| at - last - interval);
        if let Some(pause) = pause.filter(|pause| *pause > PAUSE) {
            known.back = Some((at, at + pause.min(RETURN)));
        }
        known.last = Some(at);
        of_group(group, samples, known, at);
    }
}

/// Ends the series of groups that are there no more.
fn forget(groups: &[Group], samples: &mut dyn Samples, state: &mut State, now: i64) {
    let keys: BTreeSet<String> = groups.iter().map(Group::key).collect();
    let (kept, gone) = std::mem::take(&mut state.groups)
        .into_iter()
        .partition::<BTreeMap<_, _>, _>(|(key, _)| keys.contains(key));
    state.groups = kept;
    let made = gone.values().flat_map(|group| group.rules.values()).flat_map(|rule| &rule.made);
    let stale: Vec<(Labels, f64)> = made.map(ended).collect();
    if !stale.is_empty() {
        // What cannot be kept ends by itself some minutes later.
        let _ = samples.keep(&stale, now);
    }
}

fn ended(words: &Words) -> (Labels, f64) {
    (Labels::new(words.iter()), f64::from_bits(STALE))
}

impl OfGroup {
    /// Time in which nobody looked counts for no alert that waits, and keeps none on.
    fn was_away(&mut self, millis: i64) {
        for alert in self.rules.values_mut().flat_map(|rule| &mut rule.active) {
            if alert.phase() == Phase::Pending {
                alert.since += millis;
            }
            alert.kept_since = alert.kept_since.map(|since| since + millis);
        }
    }
}

fn of_group(group: &Group, samples: &mut dyn Samples, known: &mut OfGroup, at: i64) {
    let mut before = std::mem::take(&mut known.rules);
    let mut desk = Desk { samples, waiting: Vec::new(), at, back: known.back };
    for (rule, key) in group.rules.iter().zip(keys(group)) {
        let mut of_rule = before.remove(&key).unwrap_or_default();
        known.evaluations += 1;
        let done = of_one(group, rule, &mut desk, &mut of_rule);
        of_rule.error = done.err();
        known.failures += u64::from(of_rule.error.is_some());
        known.rules.insert(key, of_rule);
    }
    let gone = before.values().flat_map(|rule| &rule.made);
    desk.waiting.extend(gone.map(ended));
    desk.waiting.extend(own(group, known));
    // The next evaluation tries again.
    let _ = desk.keep();
}

/// Where samples are, and those on the way there: what is told of a model with thousands of objects goes
/// there at once.
struct Desk<'a> {
    samples: &'a mut dyn Samples,
    waiting: Vec<(Labels, f64)>,
    at: i64,
    /// See [`OfGroup::back`].
    back: Option<(i64, i64)>,
}

impl Desk<'_> {
    /// Answers a question; what was made before is seen. A number needs nobody to be asked.
    fn ask(&mut self, question: &str, at: i64) -> Result<Vec<(Labels, f64)>, String> {
        if let Some(number) = constant(question) {
            return Ok(vec![(Labels::default(), number)]);
        }
        self.keep()?;
        self.samples.ask(question, at)
    }

    fn keep(&mut self) -> Result<(), String> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() { Ok(()) } else { self.samples.keep(&waiting, self.at) }
    }
}

/// The number in `vector(1)`.
fn constant(question: &str) -> Option<f64> {
    let digits = question.strip_prefix("vector(")?.strip_suffix(')')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    digits.parse().ok().filter(|_| plain)
}

/// How the group itself is, in Prometheus's names.
#[expect(clippy::cast_precision_loss, reason = "nobody counts so far")]
fn own(group: &Group, known: &OfGroup) -> [(Labels, f64); 2] {
    let counter = |name: &str, count: u64| {
        let labels = [(NAME, name), ("job", "ketupa"), ("rule_group", &group.key())];
        (Labels::new(labels), count as f64)
    };
    [
        counter("prometheus_rule_evaluations_total", known.evaluations),
        counter("prometheus_rule_evaluation_failures_total", known.failures),
    ]
}

fn of_one(
    group: &Group,
    rule: &Rule,
    desk: &mut Desk<'_>,
    known: &mut OfRule,
) -> Result<(), String> {
    let asked = desk.at - group.offset_ms;
    let answer = desk.ask(&rule.expr, asked)?;
    let labels = group.labels_of(rule);
    let made = match &rule.makes {
        Makes::Series => series(rule, &labels, answer, group.limit)?,
        Makes::Alerts(alerting) => {
            let about = Alarm { rule, labels: &labels, alerting, limit: group.limit };
            let ask = |question: &str| ask(&*desk.samples, question, asked);
            let found = about.found(answer, &ask, desk.at)?;
            about.turn(found, &mut known.active, (desk.at, desk.back))?;
            told(&known.active)
        }
    };
    keep(desk, known, made);
    Ok(())
}

/// Keeps what a rule made, and ends what it made before and now no more.
fn keep(desk: &mut Desk<'_>, known: &mut OfRule, mut made: Vec<(Words, f64)>) {
    made.sort_by(|one, other| one.0.cmp(&other.0));
    let now: BTreeSet<&Words> = made.iter().map(|(words, _)| words).collect();
    let gone = known.made.iter().filter(|words| !now.contains(words));
    desk.waiting.extend(gone.map(ended));
    let told = made.iter().map(|(words, value)| (Labels::new(words.iter()), *value));
    desk.waiting.extend(told);
    known.made = made.into_iter().map(|(words, _)| words).collect();
}

fn series(
    rule: &Rule,
    labels: &Words,
    answer: Vec<(Labels, f64)>,
    limit: usize,
) -> Result<Vec<(Words, f64)>, String> {
    within(answer.len(), limit)?;
    let mut made = BTreeMap::new();
    for (line, value) in answer {
        let mut words = words(&line);
        set(&mut words, labels.iter().map(|(name, value)| (name.clone(), value.clone())));
        words.insert(NAME.to_owned(), rule.name.clone());
        if made.insert(words, value).is_some() {
            return Err("several lines of the answer would be the same series".into());
        }
    }
    Ok(made.into_iter().collect())
}

fn within(count: usize, limit: usize) -> Result<(), String> {
    if limit > 0 && count > limit {
        return Err(format!("{count} lines are more than the limit of {limit}"));
    }
    Ok(())
}

/// The labels of a line without its name.
fn words(line: &Labels) -> Words {
    let named = line.iter().filter(|(name, _)| *name != NAME);
    named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Sets labels; an empty one takes away.
fn set(words: &mut Words, labels: impl Iterator<Item = (String, String)>) {
    for (name, value) in labels {
        if value.is_empty() {
            words.remove(&name);
        } else {
            words.insert(name, value);
        }
    }
}

fn ask(samples: &dyn Samples, question: &str, at: i64) -> Result<Vec<Sample>, String> {
    let lines = samples.ask(question, at)?.into_iter();
    let all_words = |line: &Labels| {
        line.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    Ok(lines.map(|(line, value)| Sample { labels: all_words(&line), value }).collect())
}

type Ask<'a> = dyn Fn(&str) -> Result<Vec<Sample>, String> + 'a;

/// A rule that alerts.
struct Alarm<'a> {
    rule: &'a Rule,
    labels: &'a Words,
    alerting: &'a Alerting,
    limit: usize,
}

impl Alarm<'_> {
    /// An alert for each line of the answer, by its labels.
    fn found(
        &self,
        answer: Vec<(Labels, f64)>,
        ask: &Ask<'_>,
        at: i64,
    ) -> Result<BTreeMap<Words, Active>, String> {
        let mut found = BTreeMap::new();
        for (line, value) in answer {
            let mut labels = words(&line);
            let about = About { labels: &labels.clone(), value, ask };
            let filled = |(name, text): (&String, &String)| (name.clone(), fill(text, &about));
            set(&mut labels, self.labels.iter().map(filled));
            labels.insert("alertname".into(), self.rule.name.clone());
            let annotations = self.alerting.annotations.iter().map(filled).collect();
            let active = Active {
                labels: labels.clone(),
                annotations,
                value,
                since: at,
                fired: None,
                kept_since: None,
                resolved: None,
            };
            if found.insert(labels, active).is_some() {
                return Err("several lines of the answer would be the same alert".into());
            }
        }
        Ok(found)
    }

    /// Goes from what was to what is.
    fn turn(
        &self,
        mut found: BTreeMap<Words, Active>,
        active: &mut Vec<Active>,
        (at, back): (i64, Option<(i64, i64)>),
    ) -> Result<(), String> {
        for alert in &mut *active {
            match found.remove(&alert.labels) {
                Some(new) => alert.again(new),
                None => self.ends(alert, at),
            }
        }
        active.retain(|alert| !alert.is_over(at));
        active.extend(found.into_values());
        for alert in &mut *active {
            // A clock that went back must not keep an alert from firing.
            alert.since = alert.since.min(at);
            // What began with the return may be silence alone, of those who come back a little later.
            let waits = back.filter(|(back, _)| (*back..=at).contains(&alert.since));
            let since = waits.map_or(alert.since, |(_, until)| until.max(alert.since));
            let hold = self.alerting.hold_ms;
            let held = hold == 0 || at - since >= hold;
            if alert.phase() == Phase::Pending && held {
                alert.fired = Some(at);
            }
        }
        active.sort_by(|one, other| one.labels.cmp(&other.labels));
        let on = active.iter().filter(|alert| alert.phase() != Phase::Resolved).count();
        within(on, self.limit).inspect_err(|_| active.clear())
    }

    /// What was on holds no more.
    fn ends(&self, alert: &mut Active, at: i64) {
        if alert.phase() == Phase::Firing && self.alerting.keep_ms > 0 {
            let since = *alert.kept_since.get_or_insert(at);
            if at - since < self.alerting.keep_ms {
                return;
            }
        }
        alert.resolved = alert.resolved.or(Some(at));
    }
}

/// The series that tell of alerts.
fn told(active: &[Active]) -> Vec<(Words, f64)> {
    let on = active.iter().filter(|alert| alert.phase() != Phase::Resolved);
    let both = |alert: &Active| {
        let named = |name: &str| {
            let mut words = alert.labels.clone();
            words.insert(NAME.to_owned(), name.to_owned());
            words
        };
        let mut state = named("ALERTS");
        state.insert("alertstate".into(), alert.phase().word().into());
        #[expect(clippy::cast_precision_loss, reason = "seconds fit for millions of years")]
        let since = alert.since.div_euclid(1000) as f64;
        [(state, 1.0), (named("ALERTS_FOR_STATE"), since)]
    };
    on.flat_map(both).collect()
}

impl Active {
    /// It holds still, or again.
    fn again(&mut self, new: Self) {
        if self.phase() == Phase::Resolved {
            *self = new;
            return;
        }
        self.kept_since = None;
        (self.value, self.annotations) = (new.value, new.annotations);
    }

    /// Whether nobody needs to hear of it any more: it never fired, or ended long ago.
    fn is_over(&self, at: i64) -> bool {
        let ended = self.resolved.is_some();
        let long_ago = self.resolved.is_some_and(|resolved| at - resolved > RESOLVED_KEPT);
        (ended && self.fired.is_none()) || long_ago
    }
}

/// A text with its values, or what kept it from having them: an alert is told in any case.
fn fill(text: &str, about: &About<'_>) -> String {
    let filled = Template::read(text).and_then(|template| template.fill(about));
    filled.unwrap_or_else(|why| ["<error expanding template: ", &why, ">"].concat())
}
