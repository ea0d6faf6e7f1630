//! Which series there are, and which of them a selector means.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};

use crate::labels::Labels;
use crate::matcher::Matcher;

/// A series, by its place in the index.
pub type SeriesId = u32;

/// Every series of a store, found by its labels or by any of them.
#[derive(Debug, Default)]
pub struct Index {
    series: Vec<Labels>,
    table: Table,
    /// By label name and value, in rising order.
    postings: BTreeMap<Box<str>, BTreeMap<Box<str>, Vec<SeriesId>>>,
}

impl Index {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The labels of a series.
    pub fn labels(&self, id: SeriesId) -> Option<&Labels> {
        self.series.get(id as usize)
    }

    /// The series with exactly these labels. Senders keep their order: the one after the last one
    /// found is most often right, and spares the search.
    pub fn find(&self, bytes: &[u8], likely: SeriesId) -> Option<SeriesId> {
        if self.labels(likely).is_some_and(|labels| labels.bytes() == bytes) {
            return Some(likely);
        }
        self.table.find(bytes, &self.series)
    }

    /// The number of a series, a new one where it is new.
    pub fn insert(&mut self, labels: Labels) -> SeriesId {
        if let Some(id) = self.find(labels.bytes(), SeriesId::MAX) {
            return id;
        }
        let id = self.series.len() as SeriesId;
        for (name, value) in labels.iter() {
            let values = self.postings.entry(name.into()).or_default();
            values.entry(value.into()).or_default().push(id);
        }
        self.series.push(labels);
        self.table.insert(id, &self.series);
        id
    }

    /// The series that all matchers accept, in rising order.
    pub fn select(&self, matchers: &[Matcher]) -> Vec<SeriesId> {
        let mut chosen: Option<Vec<SeriesId>> = None;
        let mut refused = Vec::new();
        for matcher in matchers {
            if matcher.accepts("") {
                refused.extend(self.having(&matcher.name, |value| !matcher.accepts(value)));
                continue;
            }
            let accepted = match matcher.exactly() {
                Some(value) => self.with(&matcher.name, value).to_vec(),
                None => self.having(&matcher.name, |value| matcher.accepts(value)),
            };
            chosen = Some(match chosen {
                Some(before) => both(&before, &accepted),
                None => accepted,
            });
        }
        let mut chosen = chosen.unwrap_or_else(|| (0..self.series.len() as SeriesId).collect());
        refused.sort_unstable();
        chosen.retain(|id| refused.binary_search(id).is_err());
        chosen
    }

    fn with(&self, name: &str, value: &str) -> &[SeriesId] {
        self.postings.get(name).and_then(|values| values.get(value)).map_or(&[], Vec::as_slice)
    }

    fn having(&self, name: &str, accepts: impl Fn(&str) -> bool) -> Vec<SeriesId> {
        let values = self.postings.get(name).into_iter().flatten();
        let accepted = values.filter(|(value, _)| accepts(value)).flat_map(|(_, ids)| ids);
        let mut ids: Vec<SeriesId> = accepted.copied().collect();
        ids.sort_unstable();
        ids
    }

    /// The names of labels, sorted.
    pub fn label_names(&self) -> impl Iterator<Item = &str> {
        self.postings.keys().map(AsRef::as_ref)
    }

    /// The values of a label, sorted.
    pub fn label_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.postings.get(name).into_iter().flatten().map(|(value, _)| value.as_ref())
    }
}

/// What two rising lists share.
fn both(one: &[SeriesId], other: &[SeriesId]) -> Vec<SeriesId> {
    let mut other = other.iter().peekable();
    let shared = one.iter().filter(|id| {
        while other.next_if(|next| next < id).is_some() {}
        other.peek() == Some(id)
    });
    shared.copied().collect()
}

/// Finds by hash; its order is never seen. The hash is keyed: nobody can choose labels that collide.
#[derive(Debug, Default)]
struct Table {
    /// A series' number plus one, zero where it is free; a power of two of them.
    slots: Vec<u32>,
    filled: usize,
    hasher: RandomState,
}

impl Table {
    /// Where the search begins, and on.
    fn way(&self, bytes: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len().wrapping_sub(1);
        let begin = self.hasher.hash_one(bytes) as usize;
        (0..self.slots.len()).map(move |step| begin.wrapping_add(step) & mask)
    }

    fn find(&self, bytes: &[u8], series: &[Labels]) -> Option<SeriesId> {
        for at in self.way(bytes) {
            let id = self.slots.get(at)?.checked_sub(1)?;
            if series.get(id as usize).is_some_and(|labels| labels.bytes() == bytes) {
                return Some(id);
            }
        }
        None
    }

    fn insert(&mut self, id: SeriesId, series: &[Labels]) {
        if (self.filled + 1) * 2 > self.slots.len() {
            self.slots = vec![0; (self.slots.len() * 2).max(16)];
            self.filled = 0;
            for id in 0..id {
                self.place(id, series);
            }
        }
        self.place(id, series);
    }

    fn place(&mut self, id: SeriesId, series: &[Labels]) {
        let Some(labels) = series.get(id as usize) else { return };
        let free = self.way(labels.bytes()).find(|at| self.slots.get(*at) == Some(&0));
        if let Some(slot) = free.and_then(|at| self.slots.get_mut(at)) {
            *slot = id + 1;
            self.filled += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::NAME;
    use crate::matcher::Op;

    fn index() -> Index {
        let mut index = Index::default();
        for n in 0..100_u32 {
            let instance = format!("host{}", n % 10);
            let name = if n < 50 { "up" } else { "load" };
            let tens = (n / 10).to_string();
            let pairs = [(NAME, name), ("instance", &instance), ("tens", &tens)];
            let odd = (n % 2 == 1).then_some(("odd", "yes"));
            assert_eq!(index.insert(Labels::new(pairs.into_iter().chain(odd))), n);
        }
        index
    }

    fn count(index: &Index, wanted: &[(&str, Op, &str)]) -> usize {
        let matchers = wanted.iter().map(|(name, op, value)| Matcher::new(name, *op, value));
        let matchers: Result<Vec<_>, _> = matchers.collect();
        index.select(&matchers.expect("they are right")).len()
    }

    #[test]
    fn matchers_mean_what_they_mean_in_prometheus() {
        let index = index();
        let on = |wanted: &[(&str, Op, &str)]| count(&index, wanted);
        assert_eq!(on(&[(NAME, Op::Equal, "up")]), 50);
        assert_eq!(on(&[(NAME, Op::Equal, "up"), ("odd", Op::Equal, "yes")]), 25);
        assert_eq!(on(&[(NAME, Op::Equal, "up"), ("odd", Op::Equal, "")]), 25);
        assert_eq!(on(&[("odd", Op::NotEqual, "")]), 50);
        assert_eq!(on(&[("odd", Op::NotEqual, "yes")]), 50);
        assert_eq!(on(&[("odd", Op::NotMatches, "y.*")]), 50);
        assert_eq!(on(&[("odd", Op::Matches, "y|e|s")]), 0, "expressions are anchored");
        assert_eq!(on(&[("instance", Op::Matches, "host[12]")]), 20);
        assert_eq!(
            on(&[("instance", Op::Matches, "host1|host2"), ("tens", Op::Matches, "[0-4]")]),
            10
        );
        assert_eq!(on(&[("none", Op::Equal, "x")]), 0);
        assert_eq!(on(&[("none", Op::Matches, ".*")]), 100);
        assert_eq!(on(&[]), 100);
    }

    #[test]
    fn the_same_labels_are_the_same_series() {
        let mut index = index();
        let labels = index.labels(77).expect("there are 100").clone();
        assert_eq!(index.insert(labels.clone()), 77);
        assert_eq!(index.find(labels.bytes(), 77), Some(77));
        assert_eq!(index.find(labels.bytes(), 3), Some(77));
        assert_eq!(index.find(b"other", 3), None);
        assert_eq!(index.len(), 100);
    }
}
