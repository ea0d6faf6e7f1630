//! Sets of small numbers.

/// A set of small numbers, one bit each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// None of this many.
    pub(crate) fn none(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }

    /// Some of this many.
    pub(crate) fn of(size: usize, some: impl IntoIterator<Item = usize>) -> Self {
        let mut bits = Self::none(size);
        some.into_iter().for_each(|one| bits.add(one));
        bits
    }

    /// Takes one in.
    pub(crate) fn add(&mut self, one: usize) {
        self.0[one / 64] |= 1 << (one % 64);
    }

    /// Takes one out.
    pub(crate) fn remove(&mut self, one: usize) {
        self.0[one / 64] &= !(1 << (one % 64));
    }

    /// Takes all of another set in.
    pub(crate) fn join(&mut self, other: &Self) {
        for (own, more) in self.0.iter_mut().zip(&other.0) {
            *own |= more;
        }
    }

    /// Takes in what two other sets share.
    pub(crate) fn join_common(&mut self, one: &Self, other: &Self) {
        for (own, (one, other)) in self.0.iter_mut().zip(one.0.iter().zip(&other.0)) {
            *own |= one & other;
        }
    }

    /// Whether one is in it.
    pub(crate) fn has(&self, one: usize) -> bool {
        self.0[one / 64] >> (one % 64) & 1 == 1
    }

    /// Whether two sets share anything.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one & other != 0)
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Takes everything out.
    pub(crate) fn clear(&mut self) {
        self.0.fill(0);
    }

    /// Everything in it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let ones = |(at, word): (usize, &u64)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                (left != 0).then(|| {
                    left &= left - 1;
                    at * 64 + bit
                })
            })
        };
        self.0.iter().enumerate().flat_map(ones)
    }
}
