//! A list that many hold and nobody changes; an empty one costs nothing.

use std::ops::Deref;
use std::rc::Rc;

/// A list that is shared.
#[derive(Debug)]
pub(crate) struct Shared<T>(Option<Rc<[T]>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Shared<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T: Ord> Shared<T> {
    /// A list of all these, sorted, each once.
    pub(crate) fn sorted(mut all: Vec<T>) -> Self {
        all.sort_unstable();
        all.dedup();
        Self((!all.is_empty()).then(|| all.into()))
    }
}
