//! What Ansible's plugin tells of tasks, read as it grows.

use crate::TaskResult;
use serde_json::Value;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// So many tasks of a run are kept.
const MOST: usize = 20_000;
/// A name that is longer is cut.
const LONGEST: usize = 200;
/// So much is read at once.
const PIECE: u64 = 1 << 20;

/// A file that grows.
#[derive(Debug, Default)]
pub(super) struct Events {
    file: Option<File>,
    rest: Vec<u8>,
    kept: usize,
}

impl Events {
    pub(super) fn of(path: Option<&Path>) -> Self {
        // The file is made empty before the process starts; without one there are no tasks.
        let file = path.and_then(|path| File::open(path).ok());
        Self { file, ..Self::default() }
    }

    /// What was told since the last look.
    pub(super) fn take(&mut self) -> Vec<(String, String, TaskResult)> {
        let Some(file) = &mut self.file else { return Vec::new() };
        // What cannot be read now may be read at the next look.
        drop(file.take(PIECE).read_to_end(&mut self.rest));
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let lines: Vec<u8> = self.rest.drain(..=end).collect();
        let tasks = lines.split(|byte| *byte == b'\n').filter_map(task);
        let tasks: Vec<_> = tasks.take(MOST.saturating_sub(self.kept)).collect();
        self.kept += tasks.len();
        tasks
    }
}

fn task(line: &[u8]) -> Option<(String, String, TaskResult)> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let text =
        |key: &str| Some(value.get(key)?.as_str()?.chars().take(LONGEST).collect::<String>());
    Some((text("host")?, text("task")?, TaskResult::of(&text("result")?)?))
}
