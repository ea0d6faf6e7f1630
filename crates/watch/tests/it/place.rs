//! A directory for one test, with a store in it.

use metrics::{Labels, NAME, Samples, Settings, Store};
use std::path::{Path, PathBuf};

/// A midnight.
pub(crate) const T0: i64 = 20_000 * 86_400_000;

/// Removed with all that is in it.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("watch-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary directory can be written");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.0.join("store"), Settings::default()).expect("it opens")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A series: its name, then its labels.
pub(crate) fn series(name: &str, labels: &[(&str, &str)]) -> Labels {
    Labels::new(labels.iter().copied().chain([(NAME, name)]))
}

/// Puts samples of one time into a store.
pub(crate) fn put(store: &mut Store, at: i64, values: &[(Labels, f64)]) {
    let points: Vec<[(i64, f64); 1]> = values.iter().map(|(_, value)| [(at, *value)]).collect();
    let samples = values.iter().zip(&points);
    let samples = samples.map(|((labels, _), values)| Samples { labels: labels.bytes(), values });
    let appended = store.append(&samples.collect::<Vec<_>>(), at).expect("it is kept");
    assert_eq!(appended.why, None);
}
