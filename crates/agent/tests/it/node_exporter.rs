//! Held to Debian's `node_exporter`: the same series, the same `HELP` and `TYPE`, the same values.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Series of `node_exporter` that the agent does not have: what begins so, and why.
const THEIRS: [(&str, &str); 6] = [
    ("go_", "its language"),
    ("promhttp_", "its library"),
    ("node_exporter_build_info", "its version; ours is ketupa_agent_build_info"),
    ("node_processes_threads_state", "costs a file for every thread"),
    ("process_max_fds", "a limit that systemd sets"),
    ("process_virtual_memory_max_bytes", "a limit that nobody sets"),
];
/// Its collectors for hardware and file systems that we do not have; here they find nothing.
const NOT_OURS: [&str; 17] = [
    "bcache",
    "bonding",
    "btrfs",
    "edac",
    "fibrechannel",
    "infiniband",
    "ipvs",
    "mdadm",
    "nfs",
    "nfsd",
    "nvme",
    "rapl",
    "tapestats",
    "xfs",
    "zfs",
    "bird",
    "smart",
];
/// Series of the agent that `node_exporter` 1.5 does not have.
const OURS: [(&str, &str); 8] = [
    ("ketupa_", "our own"),
    ("bird_", "of the bird_exporter"),
    ("node_scrape_collector_duration_seconds{collector=\"process\"}", "our own process"),
    ("node_scrape_collector_success{collector=\"process\"}", "our own process"),
    ("node_netstat_TcpExt_TCP", "later versions have it"),
    ("node_softnet_received_rps_total", "later versions have it"),
    ("node_softnet_flow_limit_count_total", "later versions have it"),
    ("node_pressure_irq_stalled_seconds_total", "later versions have it"),
];
/// What is so from one moment to the next: states come and go, and processes with them.
const PASSING: [&str; 3] =
    ["node_processes_state{", "node_tcp_connection_states{", "node_interrupts_total{"];

#[test]
fn real_node_exporter_has_the_same_series_and_values() {
    let theirs = Theirs::start();
    let source = agent::Source {
        root: agent::tree::Root::new("/"),
        textfile: Some(theirs.directory.clone()),
        smart: None,
        bird: "/nowhere".into(),
        with: vec!["interrupts".to_owned()],
    };
    let before = Scrape::of(&theirs.scrape());
    let ours = Scrape::of(&agent::serve::metrics(&source, agent::serve::Besides::default()));
    let after = Scrape::of(&theirs.scrape());
    drop(theirs);

    let mut wrong = Vec::new();
    for series in before.values.keys().filter(|series| !is_excepted(series, &THEIRS)) {
        if !ours.values.contains_key(series) {
            wrong.push(format!("missing: {series}"));
        }
    }
    for series in ours.values.keys().filter(|series| !is_excepted(series, &OURS)) {
        if !before.values.contains_key(series) && !after.values.contains_key(series) {
            wrong.push(format!("nobody else has: {series}"));
        }
    }
    for (name, said) in &ours.said {
        if before.said.get(name).is_some_and(|theirs| theirs != said) {
            wrong
                .push(format!("said otherwise: {name}: {said:?}, not {:?}", before.said.get(name)));
        }
    }
    wrong.extend(values(&before, &ours, &after));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    names(&before, &ours);
}

fn is_excepted(series: &str, exceptions: &[(&str, &str)]) -> bool {
    let collector =
        NOT_OURS.iter().any(|name| series.ends_with(&format!("{{collector=\"{name}\"}}")));
    collector
        || PASSING.iter().any(|start| series.starts_with(start))
        || exceptions.iter().any(|(start, _)| series.starts_with(start))
}

/// Counters lie between the two scrapes, gauges within a hundredth of one of them or between.
fn values(before: &Scrape, ours: &Scrape, after: &Scrape) -> Vec<String> {
    let mut wrong = Vec::new();
    for (series, ours) in &ours.values {
        let (Some(first), Some(last)) = (before.values.get(series), after.values.get(series))
        else {
            continue;
        };
        if is_moving(series) {
            continue;
        }
        let (low, high) = (first.min(*last), first.max(*last));
        let near = 0.01 * high.abs().max(low.abs()) + 1e-6;
        if *ours < low - near || *ours > high + near {
            wrong.push(format!("{series}: {ours}, others say {first} and then {last}"));
        }
    }
    wrong
}

/// Gauges that go up and down within a scrape, on a machine where others work.
fn is_moving(series: &str) -> bool {
    const MOVING: [&str; 25] = [
        "process_",
        "node_scrape_collector_duration",
        "node_procs_",
        "node_processes_",
        "node_filefd_allocated",
        "node_sockstat_",
        "node_netstat_Tcp_CurrEstab",
        "node_tcp_connection_states",
        "node_disk_io_now",
        "node_memory_Dirty",
        "node_memory_Writeback",
        "node_memory_Active",
        "node_memory_Inactive",
        "node_memory_Anon",
        "node_memory_MemFree",
        "node_memory_MemAvailable",
        "node_memory_Cached",
        "node_memory_Mapped",
        "node_memory_Committed",
        "node_memory_PageTables",
        "node_memory_KernelStack",
        "node_memory_Shmem",
        "node_memory_Swap",
        "node_memory_Z",
        "node_udp_queues",
    ];
    MOVING.iter().any(|start| series.starts_with(start))
}

/// The names that the dashboard "Node Exporter Full" asks for, as far as `node_exporter` has them here.
fn names(theirs: &Scrape, ours: &Scrape) {
    let asked: BTreeSet<&str> = include_str!("node-exporter-full-names.txt").lines().collect();
    let of = |scrape: &'_ Scrape| -> BTreeSet<String> {
        let names = scrape.said.keys().filter(|name| asked.contains(name.as_str()));
        names.cloned().collect()
    };
    let (theirs, ours) = (of(theirs), of(ours));
    assert!(theirs.len() >= 187, "only {} of the dashboard's names are here", theirs.len());
    assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// What a job of the host left in the directory for text files.
const TEXT: &str = "# HELP apt_upgrades_pending Packages that can be upgraded.
# TYPE apt_upgrades_pending gauge
apt_upgrades_pending{origin=\"Debian \\\"12\\\"\",arch=\"amd64\"} 3
node_reboot_required 0
took_bucket{le=\"0.5\"} 1
";

/// What one scrape said.
struct Scrape {
    values: BTreeMap<String, f64>,
    /// `HELP` and `TYPE` by name.
    said: BTreeMap<String, Vec<String>>,
}

impl Scrape {
    fn of(text: &str) -> Self {
        let mut scrape = Self { values: BTreeMap::new(), said: BTreeMap::new() };
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let mut words = comment.splitn(3, ' ');
                let (word, name) =
                    (words.next().expect("HELP or TYPE"), words.next().expect("a name"));
                let said = format!("{word} {}", words.next().unwrap_or_default());
                scrape.said.entry(name.to_owned()).or_default().push(said);
            } else {
                let (series, value) = line.rsplit_once(' ').expect("a series and its value");
                let again =
                    scrape.values.insert(series.to_owned(), value.parse().expect("a number"));
                assert!(again.is_none(), "{series} is there twice");
            }
        }
        scrape
    }
}

/// Debian's `node_exporter`, unpacked into a directory of its own and running on loopback.
struct Theirs {
    directory: PathBuf,
    child: Child,
    port: u16,
}

impl Theirs {
    fn start() -> Self {
        let directory =
            std::env::temp_dir().join(format!("agent-node-exporter-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let package = "prometheus-node-exporter";
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = testkit::debian::unpacked(place, package).join("usr/bin").join(package);
        std::fs::write(directory.join("apt.prom"), TEXT).expect("a text file");
        let port =
            TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it").port();
        let child = Command::new(program)
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg(format!("--collector.textfile.directory={}", directory.display()))
            .args(["--collector.processes", "--collector.interrupts", "--collector.tcpstat"])
            .stderr(Stdio::null())
            .spawn()
            .expect("node_exporter starts");
        let theirs = Self { directory, child, port };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "node_exporter does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        theirs
    }

    fn scrape(&self) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        // Version 1.0, so that the body is not in chunks.
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").expect("a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text.split_once("\r\n\r\n").expect("a head and a body").1.to_owned()
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.directory));
    }
}
