//! What a process takes of the machine, as the kernel counts it.
#![expect(clippy::cast_precision_loss, reason = "bytes are far from where casts lose anything")]

use std::fs;
use std::path::Path;

/// User and system time of a process so far, in seconds, by hundredths: also that of threads that ended.
pub(super) fn cpu_s(process: u32) -> f64 {
    ticks(process, 2)
}

/// The same with that of its children that ended.
pub(super) fn cpu_with_children_s(process: u32) -> f64 {
    ticks(process, 4)
}

fn ticks(process: u32, count: usize) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let words = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    words.skip(11).take(count).filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Time on a processor of the threads that a process has now, in seconds, to the nanosecond: for what is
/// too short for [`cpu_s`].
pub(super) fn threads_s(process: u32) -> f64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return 0.0 };
    let of = |task: fs::DirEntry| {
        let said = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        said.split(' ').next().and_then(|word| word.parse::<f64>().ok()).unwrap_or_default()
    };
    tasks.flatten().map(of).sum::<f64>() / 1e9
}

/// A line of `/proc/PROCESS/status`, in MiB: `VmHWM:` is the most memory that it ever held.
pub(super) fn status_mib(process: u32, key: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    kib / 1024.0
}

/// Bytes of all files below a folder whose path a word is in.
pub(super) fn bytes(folder: &Path, word: &str) -> f64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0.0 };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes(&entry.path(), word),
        Ok(metadata) if entry.path().to_string_lossy().contains(word) => metadata.len() as f64,
        Ok(_) | Err(_) => 0.0,
    };
    entries.flatten().map(of).sum()
}

/// Time on a processor of the children of this process that ended, in seconds, by hundredths.
pub(super) fn ended_children_s() -> f64 {
    cpu_with_children_s(std::process::id()) - cpu_s(std::process::id())
}
