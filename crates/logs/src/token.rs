//! Which words a text has: a set of them that says "surely not" or "perhaps".
//!
//! A word is a run of letters, digits and `_`, of ASCII alone: what stands on both sides of it ends it
//! for certain in every text that has it.

/// Bits for each word, and how many of them it sets: one text of thirty says "perhaps" in vain.
const BITS: usize = 8;
const SET: u32 = 5;
/// A set of words is no larger: a text of nothing but words by chance shall not cost as much again.
const LARGEST: usize = 128 << 10;

fn is_word(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || letter == b'_'
}

/// A number for a word, the same for ever: it is on disks.
pub(crate) fn hash(word: &[u8]) -> u64 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut sum = word.len() as u64 ^ 0x6b65_7475_7061_6c6f;
    let mut pieces = word.chunks_exact(8);
    for piece in &mut pieces {
        let piece = piece.try_into().map_or(0, u64::from_le_bytes);
        sum = (sum ^ piece).wrapping_mul(PRIME).rotate_left(29);
    }
    let rest = pieces.remainder().iter().rev().fold(0, |rest, byte| rest << 8 | u64::from(*byte));
    sum = (sum ^ rest).wrapping_mul(PRIME);
    sum ^= sum >> 32;
    sum = sum.wrapping_mul(PRIME);
    sum ^ sum >> 29
}

/// The words of a text.
pub(crate) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|letter| !is_word(*letter)).filter(|word| !word.is_empty())
}

/// The words that every text has that has this one in it somewhere: those that it does not begin or
/// end with, as they may be parts of longer ones.
pub(crate) fn inner_words(part: &str) -> Vec<u64> {
    let bytes = part.as_bytes();
    let Some(first) = bytes.iter().position(|letter| !is_word(*letter)) else { return Vec::new() };
    let last = bytes.iter().rposition(|letter| !is_word(*letter)).unwrap_or(first);
    words(bytes.get(first..=last).unwrap_or_default()).map(hash).collect()
}

/// The word of `\bword\b`, if the expression is that and no more.
pub(crate) fn whole_word(expression: &str) -> Option<u64> {
    let word = expression.strip_prefix(r"\b")?.strip_suffix(r"\b")?;
    (!word.is_empty() && word.bytes().all(is_word)).then(|| hash(word.as_bytes()))
}

/// Different words, while they are collected.
#[derive(Default)]
pub(crate) struct Words {
    /// Their numbers, zero where it is free; a power of two of places.
    slots: Vec<u64>,
    filled: usize,
}

impl Words {
    pub(crate) fn add(&mut self, text: &[u8]) {
        for word in words(text) {
            self.put(hash(word).max(1));
        }
    }

    fn put(&mut self, number: u64) {
        if self.filled * 2 >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = number as usize & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == number {
                return;
            }
            if *slot == 0 {
                *slot = number;
                self.filled += 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let larger = (self.slots.len() * 2).max(1 << 12);
        let before = std::mem::replace(&mut self.slots, vec![0; larger]);
        self.filled = 0;
        for number in before.into_iter().filter(|number| *number != 0) {
            self.put(number);
        }
    }

    /// The set as bytes; empties this.
    pub(crate) fn bloom(&mut self) -> Vec<u8> {
        let bytes = (self.filled * BITS).div_ceil(8).clamp(8, LARGEST);
        let mut bloom = vec![0_u8; bytes];
        for number in self.slots.iter().filter(|number| **number != 0) {
            for bit in bits(*number, bytes) {
                if let Some(byte) = bloom.get_mut(bit / 8) {
                    *byte |= 1 << (bit % 8);
                }
            }
        }
        self.slots.fill(0);
        self.filled = 0;
        bloom
    }
}

fn bits(number: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let size = bytes as u64 * 8;
    let step = (number >> 32) | 1;
    (0..SET).map(move |n| {
        let spread = number
            .wrapping_add(u64::from(n).wrapping_mul(step))
            .wrapping_mul(0x2545_f491_4f6c_dd1d);
        ((u128::from(spread) * u128::from(size)) >> 64) as usize
    })
}

/// Whether a word may be in the text that the set is of.
pub(crate) fn perhaps(bloom: &[u8], word: u64) -> bool {
    let set = |bit: usize| bloom.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
    // Nothing at all says nothing.
    bloom.is_empty() || bits(word.max(1), bloom.len()).all(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_set_knows_its_words_and_few_others() {
        let mut words = Words::default();
        for n in 0..10_000 {
            words.add(format!("GET /page/{n} user=u{n}\u{e9} 200").as_bytes());
        }
        let bloom = words.bloom();
        assert!(bloom.len() < 22_000, "{}", bloom.len());
        for n in 0..10_000 {
            assert!(perhaps(&bloom, hash(n.to_string().as_bytes())), "{n}");
            assert!(perhaps(&bloom, hash(format!("u{n}").as_bytes())), "{n}");
        }
        let wrong = (20_000..40_000).filter(|n| perhaps(&bloom, hash(format!("x{n}").as_bytes())));
        assert!(wrong.count() < 20_000 / 25, "at most one of 25 is there in vain");
        assert_eq!(words.bloom().len(), 8, "it is empty afterwards");
    }

    #[test]
    fn only_what_is_a_whole_word_for_certain_is_asked_for() {
        assert!(inner_words("needle").is_empty() && inner_words("a b").is_empty());
        assert_eq!(inner_words(" needle "), [hash(b"needle")]);
        assert_eq!(inner_words("a=needle b"), [hash(b"needle")]);
        assert_eq!(whole_word(r"\bneedle\b"), Some(hash(b"needle")));
        for other in [r"\bnee.le\b", "needle", r"\b\b", r"(?i)\bneedle\b", r"\b\b\b"] {
            assert_eq!(whole_word(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_part_of_a_text_is_never_denied(text in "[a-c_ .\u{e9}\u{2014}=]{0,60}", from in 0_usize..60, length in 0_usize..60) {
            let letters: Vec<char> = text.chars().collect();
            let part: String = letters.iter().skip(from).take(length).collect();
            let mut words = Words::default();
            words.add(text.as_bytes());
            let bloom = words.bloom();
            for word in inner_words(&part) {
                prop_assert!(perhaps(&bloom, word), "{part:?} of {text:?}");
            }
            for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()) {
                let expression = format!(r"\b{word}\b");
                if regex::Regex::new(&expression).expect("it is right").is_match(&text) {
                    prop_assert!(whole_word(&expression).is_none_or(|word| perhaps(&bloom, word)));
                }
            }
        }
    }
}
