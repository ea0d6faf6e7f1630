//! A table that shares most of its rows with another: a state beside the one that it came from.

use std::ops::Index;
use std::sync::Arc;

/// Rows of another table, and those that differ.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patched<T> {
    shared: Arc<Vec<T>>,
    /// By row; sorted.
    changed: Vec<(usize, T)>,
}

impl<T> Patched<T> {
    /// A table of its own.
    pub(crate) fn new(rows: Vec<T>) -> Self {
        Self { shared: Arc::new(rows), changed: Vec::new() }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.shared.len()
    }

    /// Every row, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len()).map(|row| &self[row])
    }
}

impl<T: Clone> Patched<T> {
    /// The rows of this table but for these, sorted.
    pub(crate) fn with(&self, changed: Vec<(usize, T)>) -> Self {
        let shared = Arc::clone(&self.shared);
        if self.changed.is_empty() {
            return Self { shared, changed };
        }
        let new = |row: usize| changed.binary_search_by_key(&row, |(at, _)| *at).is_ok();
        let old = self.changed.iter().filter(|(row, _)| !new(*row)).cloned();
        let mut all: Vec<(usize, T)> = old.collect();
        all.extend(changed);
        all.sort_unstable_by_key(|(row, _)| *row);
        Self { shared, changed: all }
    }

    /// The same rows as a table of its own, in which they are found faster.
    pub(crate) fn settled(&self) -> Self {
        if self.changed.is_empty() {
            return self.clone();
        }
        Self::new(self.iter().cloned().collect())
    }
}

impl<T: PartialEq> Patched<T> {
    /// The rows that differ from those of another table.
    pub(crate) fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        let alike = Arc::ptr_eq(&self.shared, &other.shared);
        let all = if alike { 0 } else { self.shared.len() };
        let rows = self.touched_rows(other).filter(move |_| alike).chain(0..all);
        rows.filter(|row| self[*row] != other[*row])
    }

    fn touched_rows<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        let own = |row: &usize| self.changed.binary_search_by_key(row, |(at, _)| *at).is_ok();
        let theirs = other.changed.iter().map(|(row, _)| *row).filter(move |row| !own(row));
        self.changed.iter().map(|(row, _)| *row).chain(theirs)
    }
}

impl<T> Patched<Arc<T>> {
    /// The rows that are not the very ones of another table.
    pub(crate) fn apart<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (usize, &'a T)> {
        let alike = Arc::ptr_eq(&self.shared, &other.shared) && other.changed.is_empty();
        let all = if alike { 0 } else { self.len() };
        let some = if alike { self.changed.as_slice() } else { &[] };
        let rows = some.iter().map(|(row, _)| *row).chain(0..all);
        rows.filter(|row| !Arc::ptr_eq(&self[*row], &other[*row])).map(|row| (row, &*self[row]))
    }
}

impl<T> Index<usize> for Patched<T> {
    type Output = T;

    fn index(&self, row: usize) -> &T {
        if self.changed.is_empty() {
            return &self.shared[row];
        }
        match self.changed.binary_search_by_key(&row, |(at, _)| *at) {
            Ok(found) => &self.changed[found].1,
            Err(_) => &self.shared[row],
        }
    }
}
