//! How many processes there are, and what they wait for.

use super::{Source, Went};
use crate::text::{Families, Metric};
use crate::tree::{Trouble, float};
use std::collections::BTreeMap;

const PIDS: Metric<'_> = Metric::gauge("node_processes_pids", "Number of PIDs");
const THREADS: Metric<'_> = Metric::gauge("node_processes_threads", "Allocated threads in system");
const STATE: Metric<'_> =
    Metric::gauge("node_processes_state", "Number of processes in each state.");
const MAX_PROCESSES: Metric<'_> =
    Metric::gauge("node_processes_max_processes", "Number of max PIDs limit");
const MAX_THREADS: Metric<'_> =
    Metric::gauge("node_processes_max_threads", "Limit of threads in the system");

/// The states of threads are not told: they cost a file for every thread.
pub(super) fn processes(source: &Source, found: &mut Families) -> Went {
    let root = &source.root;
    let mut states: BTreeMap<char, u64> = BTreeMap::new();
    let (mut pids, mut threads) = (0_u64, 0_u64);
    for pid in root.names("proc")?.iter().filter(|name| name.parse::<u32>().is_ok()) {
        // A process may end between the listing and the reading.
        let Ok(stat) = root.read(&format!("proc/{pid}/stat")) else { continue };
        // The name may hold spaces and brackets: what counts begins after its last bracket.
        let Some((_, fields)) = stat.rsplit_once(')') else { continue };
        let mut fields = fields.split_whitespace();
        let Some(state) = fields.next().and_then(|word| word.chars().next()) else { continue };
        *states.entry(state).or_default() += 1;
        pids += 1;
        threads += fields.nth(16).and_then(|word| word.parse::<u64>().ok()).unwrap_or_default();
    }
    for (state, number) in states {
        found.add(&STATE, &[("state", &state.to_string())], float(number));
    }
    found.add(&PIDS, &[], float(pids));
    found.add(&THREADS, &[], float(threads));
    let most = |file: &str| root.number(&format!("proc/sys/kernel/{file}")).ok_or(Trouble::Nothing);
    found.add(&MAX_PROCESSES, &[], most("pid_max")?);
    found.add(&MAX_THREADS, &[], most("threads-max")?);
    Ok(())
}
