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

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Everything in it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        ones(&self.0)
    }
}

/// Many sets of the same small numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    /// Words of each set.
    words: usize,
    bits: Vec<u64>,
}

impl Rows {
    /// So many sets, with none of this many in any of them.
    pub(crate) fn none(rows: usize, size: usize) -> Self {
        let words = size.div_ceil(64);
        Self { words, bits: vec![0; rows * words] }
    }

    /// One of the sets.
    pub(crate) fn row(&self, row: usize) -> &[u64] {
        &self.bits[row * self.words..(row + 1) * self.words]
    }

    /// One of the sets, to change it.
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [u64] {
        &mut self.bits[row * self.words..(row + 1) * self.words]
    }

    /// Whether one is in a set.
    pub(crate) fn has(&self, row: usize, one: usize) -> bool {
        has(self.row(row), one)
    }

    /// Takes one into a set.
    pub(crate) fn add(&mut self, row: usize, one: usize) {
        self.bits[row * self.words + one / 64] |= 1 << (one % 64);
    }

    /// Takes another one of the sets into a set.
    pub(crate) fn join_row(&mut self, row: usize, other: usize) {
        for word in 0..self.words {
            self.bits[row * self.words + word] |= self.bits[other * self.words + word];
        }
    }
}

/// Everything in a set, in order.
pub(crate) fn ones(row: &[u64]) -> impl Iterator<Item = usize> {
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
    row.iter().enumerate().flat_map(ones)
}

/// Whether one is in a set.
pub(crate) fn has(row: &[u64], one: usize) -> bool {
    row[one / 64] >> (one % 64) & 1 == 1
}

/// Takes another set into a set.
pub(crate) fn join(row: &mut [u64], other: &[u64]) {
    for (own, more) in row.iter_mut().zip(other) {
        *own |= more;
    }
}
