//! Numbers of things that are kept in a list, found again by a hash of the thing: comparing long things
//! along a tree costs more than all else that is done with them.

use rustc_hash::FxHasher;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher as _};

/// The numbers so far.
#[derive(Default)]
pub(crate) struct Numbers(BTreeSet<(u64, u32)>);

/// Where something belongs that has no number yet.
pub(crate) struct Vacant(u64);

impl Numbers {
    /// The number of a thing, if one of those with its hash is the same.
    pub(crate) fn find<T: Hash>(
        &self,
        thing: &T,
        same: impl Fn(u32) -> bool,
    ) -> Result<u32, Vacant> {
        let hash = hash(thing);
        let mut alike = self.0.range((hash, 0)..=(hash, u32::MAX));
        alike.find(|(_, number)| same(*number)).map(|(_, number)| *number).ok_or(Vacant(hash))
    }

    /// Gives something its number.
    pub(crate) fn add(&mut self, Vacant(hash): Vacant, number: u32) {
        self.0.insert((hash, number));
    }

    /// Forgets the number of a thing.
    pub(crate) fn remove<T: Hash>(&mut self, thing: &T, number: u32) {
        self.0.remove(&(hash(thing), number));
    }
}

fn hash<T: Hash>(thing: &T) -> u64 {
    let mut hasher = FxHasher::default();
    thing.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Things whose hashes are all the same.
    struct Alike(&'static str);

    impl Hash for Alike {
        fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
    }

    #[test]
    fn things_of_one_hash_are_told_apart_and_forgotten_alone() {
        let all = [Alike("a"), Alike("b"), Alike("c")];
        let mut numbers = Numbers::default();
        for (number, thing) in (0..).zip(&all) {
            let known = numbers.find(thing, |other| all[other as usize].0 == thing.0);
            numbers.add(known.expect_err("it is new"), number);
        }
        numbers.remove(&all[1], 1);
        let found = |name: &str| numbers.find(&Alike("x"), |one| all[one as usize].0 == name).ok();
        assert_eq!(["a", "b", "c"].map(found), [Some(0), None, Some(2)]);
    }
}
