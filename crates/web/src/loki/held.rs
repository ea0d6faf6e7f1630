//! The store of logs, as the threads of a server share it.

use crate::measurements::Away;
use logs::Store;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// So many questions are answered at once, and so many pushes are in memory.
const QUESTIONS: usize = 2;
const WRITERS: usize = 8;

/// A store that many may read at once, or one may change.
pub struct Logs {
    store: RwLock<Option<Store>>,
    clock: fn() -> i64,
    pub(crate) questions: Arc<Semaphore>,
    pub(crate) writers: Arc<Semaphore>,
}

impl Logs {
    /// No store yet, and a clock that tells milliseconds since 1970.
    pub fn new(clock: fn() -> i64) -> Self {
        let gate = |most| Arc::new(Semaphore::new(most));
        Self { store: RwLock::new(None), clock, questions: gate(QUESTIONS), writers: gate(WRITERS) }
    }

    /// The time in nanoseconds since 1970.
    pub fn now(&self) -> i64 {
        (self.clock)().saturating_mul(1_000_000)
    }

    /// Puts a store in its place.
    pub fn open(&self, store: Store) {
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Some(store);
    }

    /// Takes the store away; whoever comes later is told so.
    pub fn close(&self) -> Option<Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether there is one.
    pub fn is_open(&self) -> bool {
        self.store.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Reads; others may read meanwhile.
    pub fn read<T>(&self, ask: impl FnOnce(&Store) -> T) -> Result<T, Away> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        store.as_ref().map(ask).ok_or(Away)
    }

    /// Changes; nobody else has the store meanwhile.
    pub fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> Result<T, Away> {
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        store.as_mut().map(change).ok_or(Away)
    }
}
