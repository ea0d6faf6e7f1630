//! Small helpers that lints share: making findings, finding what stands twice.

use model::{At, Finding, Place};
use std::collections::BTreeMap;

/// A finding at a place; the engine gives it the code and the severity of its lint.
pub(crate) fn wrong(place: Place, says: impl Into<String>) -> Finding {
    Finding::error("", place, says)
}

/// A finding at a key of an object, about that object.
pub(crate) fn wrong_in(at: &At, key: &str, says: impl Into<String>) -> Finding {
    wrong(at.field(key), says).about(owner(at))
}

/// The object that a table belongs to, as `kind.name`: `host.a` for `host.a.nic.eth0`.
pub(crate) fn owner(at: &At) -> &str {
    let end = at.key.match_indices('.').nth(1).map_or(at.key.len(), |(dot, _)| dot);
    at.key.get(..end).unwrap_or(&at.key)
}

/// Every item whose key an earlier item has too: the key, the first item, this one.
pub(crate) fn twice<K: Ord + Clone, T: Clone>(
    items: impl IntoIterator<Item = (K, T)>,
) -> Vec<(K, T, T)> {
    let mut first: BTreeMap<K, T> = BTreeMap::new();
    let mut again = Vec::new();
    for (key, item) in items {
        if let Some(earlier) = first.get(&key) {
            again.push((key, earlier.clone(), item));
        } else {
            first.insert(key, item);
        }
    }
    again
}
