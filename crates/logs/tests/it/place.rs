//! A directory for one test, and what the tests put into stores.

use std::path::{Path, PathBuf};

use logs::logql::{Answer, Ask, Budget, Direction, parse};
use logs::{Appended, DAY, Labels, Line, Settings, Store, Stream};

/// A midnight.
pub(crate) const T0: i64 = 20_000 * DAY;

/// Removed with all that is in it.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("logs-{name}-{}", std::process::id()));
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

pub(crate) fn stream(n: usize) -> Labels {
    Labels::new([("job", "test".to_owned()), ("n", n.to_string())])
}

pub(crate) fn append(
    store: &mut Store,
    labels: &Labels,
    lines: &[(i64, &str)],
    now: i64,
) -> Appended {
    let line = |(time, line): &(i64, &str)| Line {
        time: *time,
        line: line.to_string().into(),
        metadata: Labels::default(),
    };
    let lines = lines.iter().map(line).collect();
    store.append(&[Stream { labels: labels.clone(), lines }], now).expect("it is kept")
}

/// What a store answers.
pub(crate) fn ask(store: &Store, query: &str, ask: Ask) -> Answer {
    let query = parse(query).expect(query);
    let picked = query.pick(store, &ask);
    query.answer(&picked, &ask, &Budget::default()).expect("there is an answer").0
}

/// Everything that ever was.
pub(crate) fn always() -> Ask {
    let (start, end) = (0, i64::MAX / 3);
    Ask { start, end, step: 0, limit: 1_000_000, direction: Direction::Forward }
}

/// All lines of a store: times, lines and streams, in order.
pub(crate) fn all(store: &Store) -> Vec<(i64, String, Labels)> {
    let Answer::Streams(streams) = ask(store, "{job=~\".+\"}", always()) else {
        unreachable!("lines are lines")
    };
    let lines = streams.into_iter().flat_map(|(labels, lines)| {
        lines.into_iter().map(move |(time, line)| (time, line, labels.clone()))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines
}
