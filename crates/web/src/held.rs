//! A store of the watch, as the threads of a server share it.

use std::sync::{PoisonError, RwLock};

/// The store is not here: another server holds it, or this one has not opened it yet or closed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away;

impl std::fmt::Display for Away {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this store is not open here now: ask again in a while")
    }
}

/// A store that many may read at once, or one may change.
pub struct Held<S> {
    store: RwLock<Option<S>>,
    clock: fn() -> i64,
}

impl<S> Held<S> {
    /// No store yet, and a clock that tells the time as this kind of store counts it, since 1970.
    pub fn new(clock: fn() -> i64) -> Self {
        Self { store: RwLock::new(None), clock }
    }

    /// The time, as the store counts it.
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Puts a store in its place.
    pub fn open(&self, store: S) {
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Some(store);
    }

    /// Takes the store away; whoever comes later is told so.
    pub fn close(&self) -> Option<S> {
        self.store.write().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether there is one.
    pub fn is_open(&self) -> bool {
        self.store.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Reads; others may read meanwhile.
    pub fn read<T>(&self, ask: impl FnOnce(&S) -> T) -> Result<T, Away> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        store.as_ref().map(ask).ok_or(Away)
    }

    /// Changes; nobody else has the store meanwhile.
    pub fn change<T>(&self, change: impl FnOnce(&mut S) -> T) -> Result<T, Away> {
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        store.as_mut().map(change).ok_or(Away)
    }
}
