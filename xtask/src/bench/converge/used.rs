//! What a command took: time, processors of both sides, bytes on the wire.

use super::lab::{NIC, Stage};
use std::fs;
use std::time::{Duration, Instant};

/// `USER_HZ`, in which Linux tells every process's time on every processor that we build for.
const TICKS: u64 = 100;
/// How long stragglers are waited for before times are read.
const CALM: Duration = Duration::from_millis(400);

/// What a command took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Used {
    pub(super) wall: Duration,
    /// Processor time where it was started.
    pub(super) desk: Duration,
    /// Processor time of all hosts together.
    pub(super) hosts: Duration,
    /// Bytes to and from all hosts.
    pub(super) bytes: u64,
}

/// What becomes of connections that a command leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// They end with it: the next command begins anew.
    Ends,
    /// The next command has them.
    Stays,
}

/// Where the counters stand.
struct Counters {
    desk: Duration,
    hosts: Duration,
    bytes: u64,
}

/// Runs a script at the desk; it must end well.
pub(super) fn of(stage: &Stage, script: &str, left: Left) -> Result<Used, String> {
    let before = Counters::read(stage)?;
    let begun = Instant::now();
    let said = stage.at_desk(script);
    let wall = begun.elapsed();
    if left == Left::Ends {
        stage.at_desk("pkill -x ssh; pkill -f '[m]itogen'; true")?;
    }
    said?;
    std::thread::sleep(CALM);
    let after = Counters::read(stage)?;
    Ok(Used {
        wall,
        desk: after.desk.saturating_sub(before.desk),
        hosts: after.hosts.saturating_sub(before.hosts),
        bytes: after.bytes.saturating_sub(before.bytes),
    })
}

impl Counters {
    fn read(stage: &Stage) -> Result<Self, String> {
        let hosts: Vec<Duration> =
            stage.host_pids()?.into_iter().map(container).collect::<Result<_, _>>()?;
        let desk = stage.desk_pid()?;
        // What was started there from here is waited for here; what it left behind is the desk's.
        let started = ticks(&read("/proc/self/stat")?, 15..17);
        Ok(Self {
            desk: container(desk)? + started,
            hosts: hosts.iter().sum(),
            bytes: bytes(&read(&format!("/proc/{desk}/net/dev"))?),
        })
    }
}

/// All that the processes of a container took, those that have ended included.
fn container(first: i32) -> Result<Duration, String> {
    let space = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let own = space(&first.to_string());
    let mut all = Duration::ZERO;
    for entry in fs::read_dir("/proc").map_err(|error| error.to_string())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.bytes().all(|byte| byte.is_ascii_digit()) && own.is_some() && space(&name) == own {
            // One that ends meanwhile is in its parent's account.
            let stat = fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
            all += ticks(&stat, 13..17);
        }
    }
    Ok(all)
}

/// The sum of some fields of `/proc/PID/stat`, numbered from 0; the second may hold spaces.
pub(in super::super) fn ticks(stat: &str, fields: std::ops::Range<usize>) -> Duration {
    let rest = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
    let skip = fields.start - 2;
    let ticks = rest.split(' ').skip(skip).take(fields.len());
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// Received and sent on the interface that leads to the hosts.
fn bytes(table: &str) -> u64 {
    let line = table.lines().find_map(|line| line.trim().strip_prefix(NIC)?.strip_prefix(':'));
    let fields: Vec<u64> = line
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    [0, 8].iter().filter_map(|at| fields.get(*at)).sum()
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_counts() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 0 9 9 9 9 100 20 3000 400 20 0 1 0";
        assert_eq!(ticks(stat, 13..17), Duration::from_millis(35_200));
        assert_eq!(ticks(stat, 15..17), Duration::from_secs(34));
        let table = "Inter-| Receive\n  lo: 1 1 0 0 0 0 0 0 1 1\n mgmt: 70 1 0 0 0 0 0 0 7 1 0 0";
        assert_eq!(bytes(table), 77);
    }
}
