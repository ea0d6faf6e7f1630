//! Two servers on one PostgreSQL, one of them killed in the middle of a job.

use crate::stage::{Stage, lines, shown, until};
use serde_json::json;
use std::path::Path;
use testkit::cluster::Cluster;

/// Says when it begins and ends, and that another one lives between the two. The lock goes with whoever has it,
/// however it ends.
fn jobs(log: &Path) -> String {
    let log = shown(log);
    format!(
        r#"
[job.careful]
does = "command"
command = ["/bin/sh", "-c", "exec 9>{log}.lock; flock -n 9 || echo two >> {log}; echo begun >> {log}; until [ -e {log}.$PARAM_UNTIL ]; do sleep 0.1; done; echo ended >> {log}"]
parameters = ["until"]
"#
    )
}

#[test]
fn real_servers_share_the_work_and_one_may_die() {
    let cluster = Cluster::start("servers");
    let log = std::env::temp_dir().join(format!("ketupa-desk-{}-two.log", std::process::id()));
    let stage = Stage::with(&jobs(&log), Some(cluster.address()));
    let first = stage.serve(&["--lease", "6s"]);
    std::fs::write(log.with_extension("log.now"), "").unwrap();
    let id = first.start("careful", r#"{"parameters": {"until": "killed"}}"#);
    until("it runs", || (lines(&log) == ["begun"]).then_some(()));
    let second = stage.serve(&["--lease", "6s"]);
    let waits = second.start("careful", r#"{"parameters": {"until": "now"}}"#);
    let had = second.run(id)["server"].as_str().unwrap().to_owned();
    first.signal("KILL");
    drop(first);
    until("it runs again", || (second.run(id)["attempt"] == 2).then_some(()));
    std::fs::write(log.with_extension("log.killed"), "").unwrap();
    let run = second.ended(id);
    assert_eq!((&run["state"], &run["attempt"]), (&json!("done"), &json!(2)), "{run}");
    let retried = format!("— attempt 2 on {}", had.split('-').next().unwrap());
    assert!(second.output(id).contains(&retried), "{}", second.output(id));
    assert_eq!(second.ended(waits)["state"], "done");
    // Begun, killed, begun again and ended; then the other one: never two at once.
    assert_eq!(lines(&log), ["begun", "begun", "ended", "begun", "ended"]);
    for more in ["log", "log.lock", "log.now", "log.killed"] {
        std::fs::remove_file(log.with_extension(more)).unwrap();
    }
}

#[test]
fn real_servers_each_take_a_part() {
    let cluster = Cluster::start("part");
    let folder = std::env::temp_dir().join(format!("ketupa-desk-{}-part", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // The first one to run waits for a second one: a server with one slot has none left for that.
    let job = |n: usize| {
        let (here, log) = (shown(&folder), shown(&folder.join(n.to_string())));
        format!(
            "\n[job.n{n}]\ndoes = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"echo begun >> {log}; \
             until [ $(ls {here} | wc -l) -ge 2 ]; do sleep 0.1; done\"]\n"
        )
    };
    let stage = Stage::with(&(0..6).map(job).collect::<String>(), Some(cluster.address()));
    let servers = [stage.serve(&["--slots", "1"]), stage.serve(&["--slots", "1"])];
    let ids: Vec<i64> = (0..6).map(|n| servers[n % 2].start(&format!("n{n}"), "")).collect();
    for id in ids {
        let run = servers[0].ended(id);
        assert_eq!((&run["state"], &run["attempt"]), (&json!("done"), &json!(1)));
    }
    for n in 0..6 {
        assert_eq!(lines(&folder.join(n.to_string())), ["begun"]);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn real_servers_outlive_their_database() {
    let cluster = Cluster::start("restart");
    let job = "
[job.counts]
does = \"command\"
command = [\"/bin/sh\", \"-c\", \"for n in 1 2 3 4 5 6 7 8; do echo line $n; sleep 1; done\"]
";
    let stage = Stage::with(job, Some(cluster.address()));
    let server = stage.serve(&["--lease", "60s"]);
    let id = server.start("counts", "");
    until("it prints", || server.output(id).contains("line 2").then_some(()));
    cluster.restart();
    let health = until("the database is there again", || {
        Some(server.get("/healthz", &[]).status).filter(|status| *status == 200)
    });
    assert_eq!(health, 200);
    let run = server.ended(id);
    assert_eq!((&run["state"], &run["attempt"]), (&json!("done"), &json!(1)), "{run}");
    let lines: Vec<String> = (1..=8).map(|n| format!("line {n}")).collect();
    assert_eq!(
        server.output(id).lines().collect::<Vec<_>>(),
        lines,
        "nothing was lost, nothing is there twice"
    );
}
