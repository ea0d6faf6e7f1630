//! Lines of one stream in memory, one after the other in one text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memrchr};
use metrics::Labels;

/// Ends a line: no text in UTF-8 has it.
const END: u8 = 0xff;

/// One line of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// When it was written, in nanoseconds.
    pub time: i64,
    /// What was written.
    pub line: String,
    /// What else is known of this line alone; most have nothing.
    pub metadata: Labels,
}

/// Lines of one stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    pub(crate) times: Vec<i64>,
    /// The lines, each with its end.
    pub(crate) text: Vec<u8>,
    /// By the place of the line.
    pub(crate) metadata: BTreeMap<u32, Labels>,
}

impl Block {
    pub(crate) fn push(&mut self, time: i64, line: &str, metadata: &Labels) {
        if !metadata.bytes().is_empty() {
            self.metadata.insert(self.times.len() as u32, metadata.clone());
        }
        self.times.push(time);
        self.text.extend_from_slice(line.as_bytes());
        self.text.push(END);
    }

    /// The earliest and the latest time.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let first = self.times.iter().min()?;
        Some((*first, *self.times.iter().max()?))
    }

    /// Appends all lines of another.
    pub(crate) fn extend(&mut self, other: &Self) {
        let before = self.times.len() as u32;
        let metadata = other.metadata.iter();
        self.metadata.extend(metadata.map(|(place, labels)| (place + before, labels.clone())));
        self.times.extend_from_slice(&other.times);
        self.text.extend_from_slice(&other.text);
    }

    pub(crate) fn is_ordered(&self) -> bool {
        self.times.is_sorted_by(|one, next| one < next)
    }

    /// The same in the order of time, and no line twice at one time. Lines of one time stay in the
    /// order in which they came.
    pub(crate) fn ordered(self) -> Self {
        if self.is_ordered() {
            return self;
        }
        let lines: Vec<&[u8]> = self.raw().collect();
        let mut places: Vec<usize> = (0..lines.len().min(self.times.len())).collect();
        let time = |place: &usize| self.times.get(*place).copied().unwrap_or_default();
        places.sort_by_key(time);
        let mut ordered = Self::default();
        for group in places.chunk_by(|one, next| time(one) == time(next)) {
            let mut seen = BTreeSet::new();
            for place in group {
                let line = lines.get(*place).copied().unwrap_or_default();
                if group.len() == 1 || seen.insert(line) {
                    self.copy(*place, line, &mut ordered);
                }
            }
        }
        ordered
    }

    fn copy(&self, place: usize, line: &[u8], to: &mut Self) {
        if let Some(labels) = self.metadata.get(&(place as u32)) {
            to.metadata.insert(to.times.len() as u32, labels.clone());
        }
        to.times.extend(self.times.get(place));
        to.text.extend_from_slice(line);
        to.text.push(END);
    }

    fn raw(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.text.strip_suffix(&[END]);
        text.into_iter().flat_map(|text| text.split(|byte| *byte == END))
    }

    /// Pieces of it, in order, of about so many bytes.
    pub(crate) fn pieces(&self, bytes: usize) -> Vec<Self> {
        let (mut pieces, mut rest, mut place) = (Vec::new(), self.text.as_slice(), 0);
        while !rest.is_empty() {
            let least = bytes.min(rest.len()).saturating_sub(1);
            let cut = memchr(END, rest.get(least..).unwrap_or_default());
            let end = cut.map_or(rest.len(), |cut| least + cut + 1);
            let (text, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            let next = place + memchr_iter(END, text).count();
            let metadata = self.metadata.range(place as u32..next as u32);
            pieces.push(Self {
                times: self.times.get(place..next).unwrap_or_default().to_vec(),
                text: text.to_vec(),
                metadata: metadata.map(|(at, known)| (at - place as u32, known.clone())).collect(),
            });
            (rest, place) = (after, next);
        }
        pieces
    }

    /// The lines within a time of which an ordered block has some, from after the first to the second.
    pub(crate) fn places(&self, from: i64, to: i64) -> Range<usize> {
        let first = self.times.partition_point(|time| *time < from);
        first..self.times.partition_point(|time| *time <= to).max(first)
    }

    /// The lines that have a part in them, or all of them, with their places.
    pub(crate) fn lines<'a>(&'a self, part: Option<&'a Finder<'_>>) -> Lines<'a> {
        Lines { text: &self.text, part, place: 0 }
    }
}

/// Lines with their places.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    part: Option<&'a Finder<'a>>,
    place: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let hit = self.part.map_or(Some(0), |part| part.find(self.text))?;
        let (before, from) = self.text.split_at_checked(hit)?;
        let start = memrchr(END, before).map_or(0, |end| end + 1);
        let skipped = self.text.get(..start).unwrap_or_default();
        if start > 0 {
            self.place += memchr_iter(END, skipped).count();
        }
        let end = hit + memchr(END, from)?;
        let line = std::str::from_utf8(self.text.get(start..end)?).ok()?;
        self.text = self.text.get(end + 1..)?;
        let place = self.place;
        self.place += 1;
        Some((place, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(lines: &[(i64, String)]) -> Block {
        let mut block = Block::default();
        for (time, line) in lines {
            let metadata = Labels::new([("n", format!("{time}{line}"))]);
            let none = Labels::default();
            block.push(*time, line, if time % 3 == 0 { &metadata } else { &none });
        }
        block
    }

    fn shown(block: &Block) -> Vec<(i64, String, Option<&Labels>)> {
        let lines = block.lines(None);
        let shown = lines.map(|(place, line)| {
            (block.times[place], line.to_owned(), block.metadata.get(&(place as u32)))
        });
        shown.collect()
    }

    proptest! {
        #[test]
        fn lines_return_and_parts_are_found(
            lines in prop::collection::vec((0_i64..9, "[ab\n\u{e9}]{0,4}"), 0..40), part in "[ab\u{e9}]{1,2}"
        ) {
            let block = block(&lines);
            let all: Vec<(i64, String)> = shown(&block).into_iter().map(|(t, l, _)| (t, l)).collect();
            prop_assert_eq!(&all, &lines);
            let finder = Finder::new(part.as_bytes());
            let found: Vec<(usize, String)> = block.lines(Some(&finder)).map(|(n, l)| (n, l.to_owned())).collect();
            let expected = lines.iter().enumerate().filter(|(_, (_, line))| line.contains(&part));
            let expected: Vec<(usize, String)> = expected.map(|(n, (_, line))| (n, line.clone())).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn order_keeps_each_line_once_with_what_is_known_of_it(
            lines in prop::collection::vec((0_i64..9, "[ab]{0,2}"), 0..40), size in 1_usize..20
        ) {
            let ordered = block(&lines).ordered();
            let mut expected = lines;
            expected.sort_by_key(|(time, _)| *time);
            let mut seen = BTreeSet::new();
            expected.retain(|line| seen.insert(line.clone()));
            let all = shown(&ordered);
            let plain: Vec<(i64, String)> = all.iter().map(|(t, l, _)| (*t, l.clone())).collect();
            prop_assert_eq!(plain, expected);
            for (time, line, metadata) in &all {
                prop_assert_eq!(metadata.is_some(), time % 3 == 0);
                let name = format!("{time}{line}");
                prop_assert!(metadata.is_none_or(|labels| labels.get("n") == name));
            }
            let mut together = Block::default();
            for piece in ordered.pieces(size) {
                together.extend(&piece);
            }
            prop_assert_eq!(together, ordered);
        }
    }
}
