//! Processes: they end when they must, and nothing of them stays.

use crate::stage::{Stage, lines, shown, until};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A job whose process does not want to end, and has a child that hides in a session of its own.
fn stubborn(log: &Path) -> String {
    let log = shown(log);
    format!(
        r#"
[job.stubborn]
does = "command"
command = ["/bin/sh", "-c", "trap '' TERM; setsid sleep 4711 & echo $! >> {log}; echo $$ >> {log}; echo up; sleep 4712"]
time_limit = "2s"

[job.slow]
does = "command"
command = ["/bin/sh", "-c", "echo begun >> {log}; sleep 3; echo ended >> {log}"]

[job.endless]
does = "command"
command = ["/bin/sh", "-c", "echo begun >> {log}; exec sleep 4713"]
"#
    )
}

fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// How many folders of runs each server has.
fn folders(stage: &Stage) -> Vec<usize> {
    let count = |folder: PathBuf| std::fs::read_dir(folder).unwrap().count();
    let servers = std::fs::read_dir(stage.folder.join("data/runs")).unwrap().flatten();
    servers.map(|server| count(server.path())).collect()
}

/// What processes write down; gone with the story.
struct Log(PathBuf);

impl std::ops::Deref for Log {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn stage() -> (Stage, Log) {
    let number = std::thread::current().name().unwrap_or_default().replace("::", "-");
    let log = std::env::temp_dir().join(format!("ketupa-desk-{}-{number}", std::process::id()));
    drop(std::fs::remove_file(&log));
    (Stage::new(&stubborn(&log)), Log(log))
}

#[test]
fn a_time_limit_ends_all_of_it() {
    let (stage, log) = stage();
    let server = stage.serve(&[]);
    let id = server.start("stubborn", "");
    let run = server.ended(id);
    assert_eq!(
        (&run["state"], &run["says"]),
        (&json!("timed-out"), &json!("it took longer than 2 s"))
    );
    assert_eq!(server.output(id), "up\n");
    let pids = lines(&log);
    assert_eq!(pids.len(), 2);
    assert!(!pids.iter().any(|pid| alive(pid)), "something is left of {pids:?}");
    assert_eq!(folders(&stage), [0], "the folder of the run is gone");
}

#[test]
fn somebody_takes_a_run_back() {
    let (stage, log) = stage();
    let server = stage.serve(&[]);
    let id = server.start("endless", "");
    until("it runs", || (lines(&log).len() == 1).then_some(()));
    let second = server.start("endless", "");
    assert_eq!(server.run(second)["state"], "waiting", "one of a job at a time");
    assert_eq!(server.api("POST", &format!("/runs/{second}/cancel"), "")["cancelled"], true);
    assert_eq!(server.run(second)["state"], "cancelled");
    assert_eq!(server.api("POST", &format!("/runs/{id}/cancel"), "")["cancelled"], true);
    assert_eq!(server.ended(id)["state"], "cancelled");
    assert_eq!(lines(&log), ["begun"]);
}

#[test]
fn a_server_that_is_told_to_stop_waits_for_what_is_under_way() {
    let (stage, log) = stage();
    let server = stage.serve(&[]);
    let id = server.start("slow", "");
    until("it runs", || (lines(&log).len() == 1).then_some(()));
    server.signal("TERM");
    assert!(server.wait(), "it ends well");
    assert_eq!(lines(&log), ["begun", "ended"]);
    assert!(stage.says(&["job", "list"]).contains(&format!("{id}  slow")));
    assert!(stage.says(&["job", "list"]).contains("done"));
}

#[test]
fn what_takes_too_long_then_is_handed_back() {
    let (stage, log) = stage();
    let server = stage.serve(&["--stop-within", "1s"]);
    let id = server.start("endless", "");
    until("it runs", || (lines(&log).len() == 1).then_some(()));
    server.signal("TERM");
    assert!(server.wait(), "it ends well");
    assert!(stage.says(&["job", "list"]).contains("waiting: its server stopped"));
    let server = stage.serve(&[]);
    until("another server runs it", || (lines(&log).len() == 2).then_some(()));
    let run = server.run(id);
    assert_eq!((&run["attempt"], &run["failures"]), (&json!(2), &json!(0)));
}

#[test]
fn a_killed_server_takes_its_processes_along() {
    let (stage, log) = stage();
    let server = stage.serve(&["--lease", "6s"]);
    let id = server.start("stubborn", "");
    let pids = until("it runs", || Some(lines(&log)).filter(|pids| pids.len() == 2));
    server.signal("KILL");
    // A third of the lease is what it has to end, well before another server may begin.
    std::thread::sleep(Duration::from_secs(3));
    assert!(!pids.iter().any(|pid| alive(pid)), "something is left of {pids:?}");
    drop(server);
    assert_eq!(folders(&stage), [1], "nobody was left to remove it");
    let server = stage.serve(&["--lease", "6s"]);
    assert_eq!(folders(&stage), [0], "it may hold secrets");
    let run = server.ended(id);
    assert_eq!((&run["attempt"], &run["state"]), (&json!(2), &json!("timed-out")));
}
