//! Every declared name by kind, collected before anything is read, so that order never matters.

use crate::source::Place;
use std::collections::BTreeMap;

/// The names of every kind, each with its position among the sorted names and its place.
#[derive(Debug, Default)]
pub(crate) struct Names {
    kinds: BTreeMap<&'static str, BTreeMap<String, (usize, Place)>>,
}

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

    pub(crate) fn of(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.kinds.get(kind).into_iter().flatten().map(|(name, _)| name.as_str())
    }
}
