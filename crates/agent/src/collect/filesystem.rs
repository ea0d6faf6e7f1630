//! How full file systems are.

use super::{Source, Went};
use crate::text::{Families, Metric};
use crate::tree::float;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

const SIZE: Metric<'_> = Metric::gauge("node_filesystem_size_bytes", "Filesystem size in bytes.");
const FREE: Metric<'_> =
    Metric::gauge("node_filesystem_free_bytes", "Filesystem free space in bytes.");
const AVAILABLE: Metric<'_> = Metric::gauge(
    "node_filesystem_avail_bytes",
    "Filesystem space available to non-root users in bytes.",
);
const FILES: Metric<'_> = Metric::gauge("node_filesystem_files", "Filesystem total file nodes.");
const FILES_FREE: Metric<'_> =
    Metric::gauge("node_filesystem_files_free", "Filesystem total free file nodes.");
const READ_ONLY: Metric<'_> =
    Metric::gauge("node_filesystem_readonly", "Filesystem read-only status.");
const ERROR: Metric<'_> = Metric::gauge(
    "node_filesystem_device_error",
    "Whether an error occurred while getting statistics for the given device.",
);

/// File systems that hold no files of anybody.
const NOT_OF_FILES: [&str; 26] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "overlay",
    "proc",
    "procfs",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
    "efivarfs",
    "ramfs",
];
/// A server that is gone answers never: this long a mount may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The mounts that have not answered yet, and since when. One that is asked for longer than the
/// patience is stuck: no further thread is lost on it.
static ASKED: LazyLock<Mutex<BTreeMap<PathBuf, Instant>>> = LazyLock::new(Mutex::default);

pub(super) fn filesystem(source: &Source, found: &mut Families) -> Went {
    let mounts =
        source.root.read("proc/1/mounts").or_else(|_| source.root.read("proc/self/mounts"))?;
    let mut seen = BTreeSet::new();
    for line in mounts.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let &[device, point, kind, options, ..] = words.as_slice() else { continue };
        let (device, point) = (unescaped(device), unescaped(point));
        if is_elsewhere(&point)
            || NOT_OF_FILES.contains(&kind)
            || !seen.insert((device.clone(), point.clone()))
        {
            continue;
        }
        let labels = [("device", device.as_str()), ("mountpoint", &point), ("fstype", kind)];
        let read_only = options.split(',').any(|option| option == "ro");
        found.add(&READ_ONLY, &labels, if read_only { 1.0 } else { 0.0 });
        let Some(space) = ask(&source.root.path(&point), space) else {
            found.add(&ERROR, &labels, 1.0);
            continue;
        };
        found.add(&ERROR, &labels, 0.0);
        found.add(&SIZE, &labels, space.size);
        found.add(&FREE, &labels, space.free);
        found.add(&AVAILABLE, &labels, space.available);
        found.add(&FILES, &labels, space.files);
        found.add(&FILES_FREE, &labels, space.files_free);
    }
    Ok(())
}

/// Mount points of the system's own, of media and of containers.
fn is_elsewhere(point: &str) -> bool {
    let below = |start: &str| {
        point.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    ["/dev", "/proc", "/run", "/sys", "/mnt", "/media"].into_iter().any(below)
        || point.starts_with("/var/lib/docker/")
        || point.starts_with("/var/lib/containers/storage/")
}

struct Space {
    size: f64,
    free: f64,
    available: f64,
    files: f64,
    files_free: f64,
}

/// Asks a mount on a thread of its own, which is left behind if the mount does not answer.
fn ask(point: &Path, space: fn(&Path) -> Option<Space>) -> Option<Space> {
    let since = *lock().entry(point.to_owned()).or_insert_with(Instant::now);
    if since.elapsed() >= PATIENCE {
        return None;
    }
    let (tell, told) = mpsc::channel();
    let asked = point.to_owned();
    let thread = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        let space = space(&asked);
        lock().remove(&asked);
        // Nobody listens any more if this took too long.
        drop(tell.send(space));
    });
    if thread.is_err() {
        lock().remove(point);
        return None;
    }
    told.recv_timeout(PATIENCE).ok().flatten()
}

fn space(point: &Path) -> Option<Space> {
    let stat = rustix::fs::statfs(point).ok()?;
    let block = u64::try_from(stat.f_bsize).ok()?;
    let bytes = |blocks: u64| float(blocks) * float(block);
    Some(Space {
        size: bytes(stat.f_blocks),
        free: bytes(stat.f_bfree),
        available: bytes(stat.f_bavail),
        files: float(stat.f_files),
        files_free: float(stat.f_ffree),
    })
}

fn lock() -> std::sync::MutexGuard<'static, BTreeMap<PathBuf, Instant>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A mount's word: the kernel writes space, tab, line end and backslash in octal.
fn unescaped(word: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(word.to_owned(), |word, (octal, c)| word.replace(octal, c))
}

#[cfg(test)]
mod tests {
    use super::{Space, ask, space};
    use std::path::Path;
    use std::thread::{scope, sleep};
    use std::time::{Duration, Instant};

    #[test]
    fn two_scrapers_at_once_are_both_told() {
        let slow = |point: &Path| -> Option<Space> {
            sleep(Duration::from_millis(300));
            space(point)
        };
        scope(|scope| {
            let first = scope.spawn(|| ask(Path::new("/"), slow).is_some());
            sleep(Duration::from_millis(100));
            assert!(ask(Path::new("/"), slow).is_some(), "the mount is only being asked");
            assert!(first.join().expect("no panic"));
        });
    }

    #[test]
    fn a_mount_that_is_stuck_is_asked_once() {
        let point = Path::new("/usr");
        let stuck = |_: &Path| -> Option<Space> {
            sleep(Duration::from_secs(4));
            None
        };
        assert!(ask(point, stuck).is_none());
        let begin = Instant::now();
        assert!(ask(point, space).is_none(), "the first question is not answered yet");
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        let mut told = None;
        while told.is_none() && begin.elapsed() < Duration::from_secs(20) {
            sleep(Duration::from_millis(100));
            told = ask(point, space);
        }
        assert!(told.is_some(), "once it has answered it is asked again");
    }
}
