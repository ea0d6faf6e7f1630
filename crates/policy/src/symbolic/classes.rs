//! Lists of numbers that a route carries, communities or the ASNs of a path: which kinds of them
//! are there, as far as the policy tells them apart.

use super::bits::Bits;

/// Numbers cut where the policy's constants begin and end: all of a class are alike to it.
#[derive(Clone, Debug)]
pub(super) struct Classes {
    /// The first number of each class; the first class begins at 0.
    starts: Vec<u128>,
    last: u128,
}

impl Classes {
    /// Classes of the numbers up to `last`, from the ranges that the policy names.
    pub(super) fn new(ranges: &[(u128, u128)], last: u128) -> Self {
        let ends = ranges.iter().flat_map(|(low, high)| [*low, high.saturating_add(1)]);
        let mut starts: Vec<u128> = ends.filter(|start| *start <= last).chain([0]).collect();
        starts.sort_unstable();
        starts.dedup();
        Self { starts, last }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn all(&self) -> Bits {
        Bits::of(self.len(), 0..self.len())
    }

    /// The class of a number.
    pub(super) fn class(&self, number: u128) -> usize {
        self.starts.partition_point(|start| *start <= number).saturating_sub(1)
    }

    /// The first and the last number of a class.
    pub(super) fn bounds(&self, class: usize) -> (u128, u128) {
        let low = self.starts.get(class).copied().unwrap_or_default();
        let next = self.starts.get(class + 1).map(|next| next - 1);
        (low, next.unwrap_or(self.last))
    }

    /// The classes of some ranges; none where a range cuts a class, because it was not named.
    pub(super) fn within(&self, ranges: &[(u128, u128)]) -> Option<Bits> {
        let mut bits = Bits::none(self.len());
        for (low, high) in ranges {
            let (first, last) = (self.class(*low), self.class(*high));
            if self.bounds(first).0 != *low || self.bounds(last).1 != *high {
                return None;
            }
            (first..=last).for_each(|class| bits.insert(class));
        }
        Some(bits)
    }
}

/// What is known of such a list: as it came, and as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tags {
    /// Classes of which it came with some.
    pub(super) came: Bits,
    /// Classes of which it came with none.
    pub(super) lacked: Bits,
    /// It came with something of each of these.
    pub(super) clauses: Vec<Bits>,
    /// Classes of which it has some now, whatever it came with.
    pub(super) added: Bits,
    /// Classes of which it has none now, whatever it came with.
    pub(super) taken: Bits,
}

/// An answer that may depend on the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Open,
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl Tags {
    /// Nothing is known.
    pub(super) fn unknown(classes: &Classes) -> Self {
        let none = Bits::none(classes.len());
        Self {
            came: none.clone(),
            lacked: none.clone(),
            clauses: Vec::new(),
            added: none.clone(),
            taken: none,
        }
    }

    /// Classes that are there for certain.
    pub(super) fn present(&self) -> Bits {
        self.added.or(&self.came.minus(&self.taken))
    }

    /// Classes that may be there or not.
    fn open(&self, set: &Bits) -> Bits {
        set.minus(&self.added).minus(&self.taken).minus(&self.came).minus(&self.lacked)
    }

    /// Whether something of a set is there.
    pub(super) fn any(&self, set: &Bits) -> Answer {
        let kept = set.minus(&self.taken);
        let implied = |clause: &Bits| clause.minus(&self.lacked).minus(&kept).is_empty();
        if set.meets(&self.present()) || self.clauses.iter().any(implied) {
            Answer::Yes
        } else if self.open(set).is_empty() {
            Answer::No
        } else {
            Answer::Open
        }
    }

    /// Those that have something of a set, where that is open.
    pub(super) fn with(mut self, set: &Bits) -> Self {
        let open = self.open(set);
        if open.len() == 1 {
            self.came = self.came.or(&open);
        } else {
            self.clauses.push(open);
        }
        self
    }

    /// Those that have nothing of a set, where that is open. None if there are none.
    pub(super) fn without(mut self, set: &Bits) -> Option<Self> {
        self.lacked = self.lacked.or(&self.open(set));
        self.clauses.retain(|clause| !clause.meets(&self.came));
        let possible = self.clauses.iter().all(|clause| !clause.minus(&self.lacked).is_empty());
        possible.then_some(self)
    }

    pub(super) fn add(&mut self, class: usize) {
        self.added.insert(class);
    }

    pub(super) fn take(&mut self, set: &Bits) {
        self.added = self.added.minus(set);
        self.taken = self.taken.or(set);
    }

    /// The classes that a route of this kind came with: as few as possible.
    pub(super) fn fewest(&self) -> Vec<usize> {
        let mut chosen = self.came.clone();
        for clause in &self.clauses {
            if let Some(class) = clause.minus(&self.lacked).iter().next()
                && !clause.meets(&chosen)
            {
                chosen.insert(class);
            }
        }
        chosen.iter().collect()
    }

    /// Whether a list of classes can be what it came with.
    pub(super) fn admits(&self, list: &Bits) -> bool {
        self.came.minus(list).is_empty()
            && !self.lacked.meets(list)
            && self.clauses.iter().all(|clause| clause.meets(list))
    }

    /// Whether a list of classes can be what it has now, if it came with another.
    pub(super) fn leaves(&self, came: &Bits, list: &Bits) -> bool {
        *list == self.added.or(&came.minus(&self.taken))
    }
}
