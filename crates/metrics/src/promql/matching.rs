//! Which series of the left meet which of the right.

use std::collections::BTreeMap;

use promql_parser::parser::{BinaryExpr, LabelModifier, VectorMatchCardinality};

use super::Wrong;
use super::binary::Operator;
use super::eval::Eval;
use super::value::{ABSENT, Row, is_absent, unite};
use crate::labels::{Labels, NAME};

/// By which labels series meet, and how many of a side may meet one of the other.
pub(super) struct Matching {
    /// Only these labels count; without it all but the ignored.
    on: Option<Vec<String>>,
    ignoring: Vec<String>,
    many: Many,
    /// Labels that the result has from the side of which there is one.
    include: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Many {
    None,
    Left,
    Right,
}

impl Matching {
    pub(super) fn of(binary: &BinaryExpr) -> Result<Self, Wrong> {
        let mut matching =
            Self { on: None, ignoring: Vec::new(), many: Many::None, include: Vec::new() };
        let Some(modifier) = &binary.modifier else { return Ok(matching) };
        let fill = &modifier.fill_values;
        if fill.lhs.is_some() || fill.rhs.is_some() {
            return Err(Wrong::Question("there is no fill here".into()));
        }
        match &modifier.matching {
            Some(LabelModifier::Include(names)) => matching.on = Some(names.labels.clone()),
            Some(LabelModifier::Exclude(names)) => matching.ignoring.clone_from(&names.labels),
            None => {}
        }
        match &modifier.card {
            VectorMatchCardinality::ManyToOne(include) => {
                (matching.many, matching.include) = (Many::Left, include.labels.clone());
            }
            VectorMatchCardinality::OneToMany(include) => {
                (matching.many, matching.include) = (Many::Right, include.labels.clone());
            }
            VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {}
        }
        Ok(matching)
    }

    /// The labels by which a series meets others.
    fn key(&self, labels: &Labels) -> Labels {
        if let Some(on) = &self.on {
            return labels.only(&words(on));
        }
        let mut names = words(&self.ignoring);
        names.push(NAME);
        labels.without(&names)
    }

    /// The labels of the result of one that meets the other, which may lend some.
    fn result(&self, many: &Labels, one: &Labels, operator: Operator) -> Labels {
        let mut labels = many.clone();
        if operator.drops_name() {
            labels = labels.without(&[NAME]);
        }
        if self.many == Many::None {
            labels = match &self.on {
                Some(on) => labels.only(&words(on)),
                None => labels.without(&words(&self.ignoring)),
            };
        }
        for name in &self.include {
            labels = labels.with(name, one.get(name));
        }
        labels
    }

    fn by_key(&self, rows: Vec<Row>) -> BTreeMap<Labels, Vec<Row>> {
        let mut keyed: BTreeMap<Labels, Vec<Row>> = BTreeMap::new();
        for row in rows {
            keyed.entry(self.key(&row.labels)).or_default().push(row);
        }
        keyed
    }

    /// At which steps there is any series with a key.
    fn presence(&self, rows: &[Row], count: usize) -> BTreeMap<Labels, Vec<bool>> {
        let mut presence: BTreeMap<Labels, Vec<bool>> = BTreeMap::new();
        for row in rows {
            let there = presence.entry(self.key(&row.labels)).or_insert_with(|| vec![false; count]);
            for (there, value) in there.iter_mut().zip(&row.values) {
                *there |= !is_absent(*value);
            }
        }
        presence
    }

    /// Takes away values at steps at which the key is there, or is not.
    fn keep(
        &self,
        mut rows: Vec<Row>,
        presence: &BTreeMap<Labels, Vec<bool>>,
        kept: fn(bool) -> bool,
    ) -> Vec<Row> {
        for row in &mut rows {
            let there = presence.get(&self.key(&row.labels));
            row.map(|step, value| {
                let there = there.and_then(|there| there.get(step)).copied().unwrap_or(false);
                if kept(there) { value } else { ABSENT }
            });
        }
        rows.retain(|row| row.values.iter().any(|value| !is_absent(*value)));
        rows
    }

    pub(super) fn both(&self, left: Vec<Row>, right: &[Row], count: usize) -> Vec<Row> {
        self.keep(left, &self.presence(right, count), |there| there)
    }

    pub(super) fn unless(&self, left: Vec<Row>, right: &[Row], count: usize) -> Vec<Row> {
        self.keep(left, &self.presence(right, count), |there| !there)
    }

    pub(super) fn either(
        &self,
        left: Vec<Row>,
        right: Vec<Row>,
        count: usize,
    ) -> Result<Vec<Row>, Wrong> {
        let right = self.keep(right, &self.presence(&left, count), |there| !there);
        unite(left.into_iter().chain(right).collect())
    }
}

fn words(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Operators on series that meet.
pub(super) fn arithmetic(
    eval: &Eval<'_>,
    (matching, operator): (&Matching, Operator),
    left: Vec<Row>,
    right: Vec<Row>,
) -> Result<Vec<Row>, Wrong> {
    let (many, one) = match matching.many {
        Many::Right => (right, left),
        Many::None | Many::Left => (left, right),
    };
    let mut ones = matching.by_key(one);
    let mut results = Vec::new();
    for (key, many) in matching.by_key(many) {
        let Some(one) = ones.remove(&key) else { continue };
        if let (Some(step), Some(_)) = (twice(&one), many.first()) {
            return Err(ambiguous(&key, &one, step));
        }
        let mut kept = Vec::new();
        for of_many in &many {
            // One after the other may be there on the side of which there is one: each pair is a row.
            eval.spend(one.len() * eval.grid.count)?;
            let pairs = one.iter().map(|one| pair(matching, operator, of_many, one));
            let pairs: Vec<Row> = pairs.collect();
            if matching.many == Many::None {
                kept.push(meeting(of_many, &pairs));
            }
            results.extend(pairs);
        }
        if twice(&kept).is_some() {
            return Err(Wrong::Answer(format!(
                "several series of the left meet one of the right by {key}: say group_left if they shall"
            )));
        }
    }
    results.retain(|row| row.values.iter().any(|value| !is_absent(*value)));
    let clash = || "several series of the result have the same labels: the labels by which they meet leave out too much";
    unite(results).map_err(|_| Wrong::Answer(clash().into()))
}

/// A step at which several rows have a value.
fn twice(rows: &[Row]) -> Option<usize> {
    if rows.len() < 2 {
        return None;
    }
    let steps = rows.first().map_or(0, |row| row.values.len());
    (0..steps).find(|step| rows.iter().filter(|row| row.at(*step).is_some()).nth(1).is_some())
}

/// A row where any of its pairs has a result: what a comparison does not keep meets nothing.
fn meeting(row: &Row, pairs: &[Row]) -> Row {
    let mut row = row.clone();
    row.map(
        |step, value| {
            if pairs.iter().any(|pair| pair.at(step).is_some()) { value } else { ABSENT }
        },
    );
    row
}

fn ambiguous(key: &Labels, rows: &[Row], step: usize) -> Wrong {
    let mut there = rows.iter().filter(|row| row.at(step).is_some());
    let (one, other) = (there.next(), there.next());
    let shown = |row: Option<&Row>| row.map(|row| row.labels.to_string()).unwrap_or_default();
    Wrong::Answer(format!(
        "by {key} several series meet on the side where there may be one: {} and {}",
        shown(one),
        shown(other)
    ))
}

fn pair(matching: &Matching, operator: Operator, many: &Row, one: &Row) -> Row {
    let values = many.values.iter().zip(&one.values).map(|(of_many, of_one)| {
        if is_absent(*of_many) || is_absent(*of_one) {
            return ABSENT;
        }
        let (left, right) = match matching.many {
            Many::Right => (*of_one, *of_many),
            Many::None | Many::Left => (*of_many, *of_one),
        };
        operator.of(left, right, left)
    });
    let values = values.collect();
    Row { labels: matching.result(&many.labels, &one.labels, operator), values }
}
