//! Objects by name and by typed id: names are what people write, ids are what code follows.

use std::marker::PhantomData;
use std::ops::Index;

/// The position of an object among those of its kind, in the order of their names.
pub struct Id<T> {
    index: u32,
    kind: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    pub(crate) fn new(index: usize) -> Self {
        Self { index: u32::try_from(index).unwrap_or(u32::MAX), kind: PhantomData }
    }

    /// The position, from 0.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.index.cmp(&other.index)
    }
}
impl<T> std::fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.index)
    }
}
impl<T> Default for Id<T> {
    /// Stands in for a reference that could not be resolved; such an ISP is never handed out.
    fn default() -> Self {
        Self::new(0)
    }
}

/// Something with a name.
pub trait Named {
    /// The name under which it is declared.
    fn name(&self) -> &str;
}

/// All objects of one kind, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<T>(Vec<T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Named> Table<T> {
    /// Takes objects that are sorted by name already.
    pub(crate) fn sorted(objects: Vec<T>) -> Self {
        debug_assert!(objects.is_sorted_by(|a, b| a.name() < b.name()));
        Self(objects)
    }

    /// Every object with its id, by name.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Id<T>, &T)> {
        self.0.iter().enumerate().map(|(index, object)| (Id::new(index), object))
    }

    /// Every object, by name.
    pub fn values(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// The id of a name.
    pub fn find(&self, name: &str) -> Option<Id<T>> {
        self.0.binary_search_by(|object| object.name().cmp(name)).ok().map(Id::new)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Index<Id<T>> for Table<T> {
    type Output = T;

    #[expect(
        clippy::indexing_slicing,
        reason = "ids are only made by the load that made the table"
    )]
    fn index(&self, id: Id<T>) -> &T {
        &self.0[id.index()]
    }
}
