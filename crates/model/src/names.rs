//! Every declared name by kind, collected before anything is read, so that order never matters.

use crate::finding::Finding;
use crate::source::Place;
use crate::value::{nearest, shorten};
use std::cell::Cell;
use std::collections::BTreeMap;

/// The names of every kind, each with its position among the sorted names and its place.
#[derive(Debug, Default)]
pub(crate) struct Names {
    kinds: BTreeMap<&'static str, BTreeMap<String, (usize, Place)>>,
    compared: Cell<usize>,
}

/// Names compared for hints in one load: ten thousand mistakes in ten thousand names would
/// otherwise take minutes.
const MAX_COMPARED: usize = 200_000;

impl Names {
    /// Adds a name; gives the place where it stood already.
    pub(crate) fn add(&mut self, kind: &'static str, name: &str, place: Place) -> Option<Place> {
        let names = self.kinds.entry(kind).or_default();
        if let Some((_, earlier)) = names.get(name) {
            return Some(*earlier);
        }
        names.insert(name.to_owned(), (0, place));
        None
    }

    /// Gives every name its position; call once all names are in.
    pub(crate) fn number(&mut self) {
        for names in self.kinds.values_mut() {
            for (position, (index, _)) in names.values_mut().enumerate() {
                *index = position;
            }
        }
    }

    pub(crate) fn index(&self, kind: &str, name: &str) -> Option<usize> {
        self.kinds.get(kind)?.get(name).map(|(index, _)| *index)
    }

    /// The name of one of these kinds that somebody probably meant.
    pub(crate) fn nearest(&self, kinds: &[&str], written: &str) -> Option<&str> {
        let all: usize =
            kinds.iter().filter_map(|kind| self.kinds.get(kind)).map(BTreeMap::len).sum();
        self.compared.set(self.compared.get().saturating_add(all));
        if self.compared.get() > MAX_COMPARED {
            return None;
        }
        nearest(written, kinds.iter().flat_map(|kind| self.of(kind)))
    }

    fn of(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.kinds.get(kind).into_iter().flatten().map(|(name, _)| name.as_str())
    }
}

/// Whether a name may be used for an object: it becomes a host name, a file name, a label.
pub(crate) fn is_name(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && !name.ends_with('-')
        && name.chars().all(fine)
}

pub(crate) fn bad_name(name: &str, place: Place) -> Finding {
    let says = format!("`{}` cannot be a name", shorten(name));
    let hint = "1 to 40 lower-case letters, digits and `-`, starting with a letter or digit";
    Finding::error("M-NAME", place, says).hint(hint)
}
