//! A table that shares most of its rows with another: a state beside the one without failures.

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

    /// The rows of the table that this one shares, but for these, sorted.
    pub(crate) fn with(&self, changed: Vec<(usize, T)>) -> Self {
        Self { shared: Arc::clone(&self.shared), changed }
    }
}

impl<T: PartialEq> Patched<T> {
    /// The rows that differ from those of another table.
    pub(crate) fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        let alike = Arc::ptr_eq(&self.shared, &other.shared) && other.changed.is_empty();
        let all = if alike { 0 } else { self.shared.len() };
        let some = if alike { self.changed.as_slice() } else { &[] };
        let rows = (0..all).chain(some.iter().map(|(row, _)| *row));
        rows.filter(|row| self[*row] != other[*row])
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
