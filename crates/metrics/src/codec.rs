//! A column of values as few bytes: bit for bit the same when read back.
//!
//! What does not change is eight bytes. What people measure in decimals (`0.01` s, bytes, degrees)
//! becomes whole numbers, and these or the values themselves are left to pco.

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress_into};

use crate::bytes::Reader;

const CONSTANT: u8 = 0;
const DECIMAL: u8 = 1;
const FLOAT: u8 = 2;
const PLAIN: u8 = 3;

/// Powers of ten that are tried, in this order, with their exponent.
const SCALES: [(u8, f64); 6] = [(0, 1.0), (2, 1e2), (3, 1e3), (6, 1e6), (9, 1e9), (1, 1e1)];
/// Whole numbers beyond do not all exist as `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn whole(value: f64, scale: f64) -> Option<i64> {
    let scaled = (value * scale).round();
    let number = scaled as i64;
    let back = number as f64 / scale;
    (scaled.abs() < EXACT && back.to_bits() == value.to_bits()).then_some(number)
}

fn decimals(values: &[f64]) -> Option<(u8, Vec<i64>)> {
    SCALES.iter().find_map(|(exponent, scale)| {
        let numbers: Option<Vec<i64>> = values.iter().map(|value| whole(*value, *scale)).collect();
        Some((*exponent, numbers?))
    })
}

fn same(values: &[f64]) -> Option<f64> {
    let first = *values.first()?;
    values.iter().all(|value| value.to_bits() == first.to_bits()).then_some(first)
}

fn compressed(values: &[f64]) -> Option<Vec<u8>> {
    let config = ChunkConfig::default();
    let (tag, packed) = match decimals(values) {
        Some((exponent, numbers)) => {
            (DECIMAL | exponent << 4, simple_compress(&numbers, &config).ok()?)
        }
        None => (FLOAT, simple_compress(values, &config).ok()?),
    };
    (packed.len() < values.len() * 8).then(|| [&[tag], packed.as_slice()].concat())
}

/// The values as bytes.
pub(crate) fn encode(values: &[f64]) -> Vec<u8> {
    if let Some(value) = same(values) {
        return [&[CONSTANT], value.to_bits().to_le_bytes().as_slice()].concat();
    }
    compressed(values).unwrap_or_else(|| {
        let plain = values.iter().flat_map(|value| value.to_bits().to_le_bytes());
        std::iter::once(PLAIN).chain(plain).collect()
    })
}

/// As many values as were encoded; nothing if the bytes are not theirs.
pub(crate) fn decode(bytes: &[u8], count: usize) -> Option<Vec<f64>> {
    let mut reader = Reader::new(bytes);
    let tag = reader.byte()?;
    match tag & 0xf {
        CONSTANT => Some(vec![f64::from_bits(reader.u64()?); count]),
        DECIMAL => {
            let (_, scale) = SCALES.iter().find(|(exponent, _)| *exponent == tag >> 4)?;
            let mut numbers = vec![0_i64; count];
            unpack(reader.rest(), &mut numbers)?;
            Some(numbers.iter().map(|number| *number as f64 / scale).collect())
        }
        FLOAT => {
            let mut values = vec![0.0_f64; count];
            unpack(reader.rest(), &mut values)?;
            Some(values)
        }
        PLAIN => (0..count).map(|_| reader.u64().map(f64::from_bits)).collect(),
        _ => None,
    }
}

fn unpack<T: pco::data_types::Number>(bytes: &[u8], to: &mut [T]) -> Option<()> {
    let progress = simple_decompress_into(bytes, to).ok()?;
    (progress.finished && progress.n_processed == to.len()).then_some(())
}

/// Timestamps as bytes.
pub fn encode_times(times: &[i64]) -> Option<Vec<u8>> {
    simple_compress(times, &ChunkConfig::default()).ok()
}

/// As many timestamps as were encoded.
pub fn decode_times(bytes: &[u8], count: usize) -> Option<Vec<i64>> {
    let mut times = vec![0_i64; count];
    unpack(bytes, &mut times)?;
    Some(times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn returns(values: &[f64]) -> usize {
        let bytes = encode(values);
        let back = decode(&bytes, values.len()).expect("it was encoded");
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(values));
        bytes.len()
    }

    #[test]
    fn strange_values_return_bit_for_bit() {
        let stale = f64::from_bits(0x7ff0_0000_0000_0002);
        let strange = [0.0, -0.0, stale, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324];
        returns(&strange);
        for value in strange {
            returns(&[value]);
            returns(&[value, 1.0]);
            returns(&[vec![value; 3], vec![0.25; 500], vec![value]].concat());
        }
        assert_eq!(encode(&[]), [PLAIN]);
        assert_eq!(decode(&[PLAIN], 0), Some(Vec::new()));
    }

    #[test]
    fn decimals_become_whole_numbers() {
        let celsius: Vec<f64> = (0..480).map(|n| f64::from(n % 37) / 100.0).collect();
        assert!(returns(&celsius) < 480);
        let counter: Vec<f64> = (0..480).map(|n| 1e9 + f64::from(n) * 1500.0).collect();
        assert!(returns(&counter) < 60);
    }

    proptest! {
        #[test]
        fn any_bits_return(bits in prop::collection::vec(any::<u64>(), 0..300)) {
            returns(&bits.iter().map(|bits| f64::from_bits(*bits)).collect::<Vec<_>>());
        }

        #[test]
        fn any_decimals_return(numbers in prop::collection::vec(any::<i32>(), 0..300), by in 0..9) {
            let scale = 10_f64.powi(by);
            returns(&numbers.iter().map(|n| f64::from(*n) / scale).collect::<Vec<_>>());
        }

        #[test]
        fn rubbish_is_refused_without_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0_usize..600
        ) {
            let _ = decode(&bytes, count);
            let _ = decode_times(&bytes, count);
        }
    }
}
