//! Values that change, in the bytes that did: what a column of the head holds, and a row of the log.

use crate::bytes::{Reader, change, put_change};

/// Values of a block: what has to be walked through to find one.
const BLOCK: usize = 128;

/// Values in blocks, each to be read alone: the first value, then what changes from one to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    full: Vec<Box<[u8]>>,
    open: Vec<u8>,
    count: u32,
    /// The bits of the last value.
    last: u64,
    /// Bytes of the full blocks.
    held: u32,
}

impl Packed {
    /// The same value some times, and room for others.
    pub(crate) fn repeated(bits: u64, count: u32) -> Self {
        let mut packed = Self::default();
        for _ in 0..count {
            packed.push(bits);
        }
        packed
    }

    /// Adds a value; how many bytes more it takes, about.
    pub(crate) fn push(&mut self, bits: u64) -> usize {
        let first = (self.count as usize).is_multiple_of(BLOCK);
        let before = self.open.len();
        put_change(&mut self.open, if first { bits } else { bits ^ self.last });
        let mut grown = self.open.len() - before;
        self.last = bits;
        self.count += 1;
        if (self.count as usize).is_multiple_of(BLOCK) {
            self.held += self.open.len() as u32;
            self.full.push(self.open.as_slice().into());
            self.open.clear();
            grown += size_of::<Box<[u8]>>();
        }
        grown
    }

    /// Gives a value another one's bits; what it was.
    pub(crate) fn replace(&mut self, at: u32, bits: u64) -> Option<u64> {
        let mut values = self.block(at as usize / BLOCK);
        let old = std::mem::replace(values.get_mut(at as usize % BLOCK)?, bits);
        if old == bits {
            return Some(old);
        }
        if at + 1 == self.count {
            self.last = bits;
        }
        let (mut bytes, mut before) = (Vec::new(), 0);
        for value in values {
            put_change(&mut bytes, value ^ before);
            before = value;
        }
        match self.full.get_mut(at as usize / BLOCK) {
            Some(block) => {
                self.held = self.held + bytes.len() as u32 - block.len() as u32;
                *block = bytes.into();
            }
            None => self.open = bytes,
        }
        Some(old)
    }

    /// The bits of a block's values.
    fn block(&self, number: usize) -> Vec<u64> {
        let bytes = self.full.get(number).map_or(self.open.as_slice(), AsRef::as_ref);
        let (mut reader, mut bits) = (Reader::new(bytes), 0);
        let mut values = Vec::with_capacity(BLOCK);
        while let Some(change) = change(&mut reader) {
            bits ^= change;
            values.push(bits);
        }
        values
    }

    /// Appends some of the values.
    pub(crate) fn copy(&self, at: usize, count: usize, to: &mut Vec<f64>) {
        let end = (at + count).min(self.count as usize);
        for number in at / BLOCK..end.div_ceil(BLOCK) {
            let begin = number * BLOCK;
            let values = self.block(number);
            let part = values.get(at.saturating_sub(begin)..(end - begin).min(values.len()));
            to.extend(part.unwrap_or_default().iter().map(|bits| f64::from_bits(*bits)));
        }
    }

    /// How many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let blocks = self.full.capacity() * size_of::<Box<[u8]>>();
        size_of::<Self>() + blocks + self.held as usize + self.open.capacity()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(values: &[u64]) -> Packed {
        let mut packed = Packed::default();
        for bits in values {
            packed.push(*bits);
        }
        packed
    }

    fn all(packed: &Packed) -> Vec<u64> {
        let mut values = Vec::new();
        packed.copy(0, packed.count as usize, &mut values);
        values.iter().map(|value| value.to_bits()).collect()
    }

    fn bits() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<u64>(),
            (0..9_u32).prop_map(|value| f64::from(value).to_bits()),
            Just(0),
            (0..64).prop_map(|shift| 1_u64 << shift),
        ]
    }

    proptest! {
        #[test]
        fn any_values_return_and_may_be_replaced(
            mut values in prop::collection::vec(bits(), 1..600),
            others in prop::collection::vec((any::<prop::sample::Index>(), bits()), 0..20),
        ) {
            let mut packed = packed(&values);
            prop_assert_eq!(&all(&packed), &values);
            for (at, bits) in others {
                let at = at.index(values.len());
                prop_assert_eq!(packed.replace(at as u32, bits), Some(values[at]));
                values[at] = bits;
                prop_assert_eq!(&all(&packed), &values);
            }
            packed.push(7);
            values.push(7);
            prop_assert_eq!(&all(&packed), &values);
            let (from, to) = (values.len() / 3, values.len() / 2);
            let mut part = Vec::new();
            packed.copy(from, to - from, &mut part);
            let part: Vec<u64> = part.iter().map(|value| value.to_bits()).collect();
            prop_assert_eq!(part.as_slice(), &values[from..to]);
            prop_assert_eq!(packed.replace(values.len() as u32, 1), None);
        }
    }

    #[test]
    fn what_hardly_changes_takes_few_bytes() {
        let counter: Vec<u64> =
            (0..480_u32).map(|n| (1e9 + f64::from(n) * 1500.0).to_bits()).collect();
        assert!(packed(&counter).bytes() < 480 * 5);
        let same = packed(&[5_f64.to_bits(); 480]);
        assert!(same.bytes() < 900, "{}", same.bytes());
    }
}
