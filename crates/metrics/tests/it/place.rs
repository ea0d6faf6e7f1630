//! A directory for one test, and what the tests put into stores.

use std::ops::Range;
use std::path::{Path, PathBuf};

use metrics::{Appended, Labels, Matcher, NAME, Op, Point, Refused, Samples, Settings, Store};

/// A day in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;
/// A midnight.
pub(crate) const T0: i64 = 20_000 * DAY;

/// Removed with all that is in it.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        Self::below(&std::env::temp_dir(), name)
    }

    /// Where a sync costs nothing: for tests that open a store a thousand times.
    pub(crate) fn in_memory(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self::below(memory, name) } else { Self::new(name) }
    }

    fn below(folder: &Path, name: &str) -> Self {
        let path = folder.join(format!("metrics-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary directory can be written");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.0, Settings::default()).expect("it opens")
    }

    /// Opens it without the samples of its first day: questions that begin there are answered from rollups.
    pub(crate) fn open_without_first_samples(&self) -> Store {
        std::fs::remove_file(&self.files("raw")[0]).expect("removed");
        self.open()
    }

    /// The files whose name begins so.
    pub(crate) fn files(&self, begins: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).expect("it is there").flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        let begins = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begins))
        };
        paths.retain(begins);
        paths.sort();
        paths
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn series(name: &str, n: usize) -> Labels {
    let n = n.to_string();
    Labels::new([(NAME, name), ("job", "node"), ("instance", "one"), ("n", &n)])
}

pub(crate) fn put(
    store: &mut Store,
    labels: &Labels,
    values: &[(i64, f64)],
) -> Result<Appended, Refused> {
    let latest = values.iter().map(|(time, _)| *time).max().unwrap_or_default();
    store.append(&[Samples { labels: labels.bytes(), values }], latest)
}

/// One scrape of several series.
pub(crate) fn scrape(store: &mut Store, time: i64, values: &[f64]) -> Appended {
    let labels: Vec<Labels> = (0..values.len()).map(|n| series("m", n)).collect();
    let samples: Vec<[(i64, f64); 1]> = values.iter().map(|value| [(time, *value)]).collect();
    let all = labels.iter().zip(&samples);
    let all = all.map(|(labels, values)| Samples { labels: labels.bytes(), values });
    store.append(&all.collect::<Vec<_>>(), time).expect("it is kept")
}

/// Time passes: something comes each day, what is over is merged, and the old goes.
pub(crate) fn live(store: &mut Store, days: Range<i64>) {
    for day in days.clone() {
        put(store, &series("other", 0), &[(T0 + day * DAY, 1.0)]).expect("kept");
    }
    store.seal().expect("written");
    store.tick(T0 + days.end * DAY - 1).expect("merged, and what is too old is gone");
}

/// What a store has, by series.
pub(crate) fn all(store: &Store) -> Vec<(String, Vec<Point>)> {
    let any = Matcher::new(NAME, Op::Matches, ".+").expect("it is right");
    store
        .read(&[any], i64::MIN / 2, i64::MAX / 2)
        .into_iter()
        .map(|(labels, points)| (labels.to_string(), points))
        .collect()
}
