//! A role that nobody here wrote, run by the job desk on a real machine: by API, by webhook and by schedule.
//!
//! It is `community.mongodb.mongodb_linux`, of the collections in Debian's package `ansible`: it installs a
//! time daemon and sets sysctls, limits and a unit. The hosts come from the declared provider.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::desk::{Desk, Said, soon};

const PLAYBOOK: &str = "- hosts: role_proxy\n  roles:\n    - community.mongodb.mongodb_linux\n";
/// The same role as two jobs, of which one is under way at a time.
const JOBS: &str = r#"
[job.tuning]
does     = "playbook"
playbook = "tuning.yml"
group    = "web"
webhook  = "env:HOOK"

[job.nightly]
does     = "playbook"
playbook = "tuning.yml"
group    = "web"
schedule = "* * * * *"
"#;
const SECRET: &str = "It's a Secret to Everybody";
/// Every run asks an emulated machine some forty things, and may wait for one of the other job.
const LONGEST_S: u64 = 1200;

/// Debian's collections.
fn collections() -> PathBuf {
    let folder = testkit::debian::unpacked(Path::new(env!("CARGO_TARGET_TMPDIR")), "ansible");
    folder.join("usr/lib/python3/dist-packages")
}

/// The desk's server, and a token for it.
struct Server {
    running: Child,
    place: String,
    token: String,
}

impl Server {
    fn begin(desk: &Desk) -> Self {
        let token = desk.says(&["token", "create", "me", "--scope", "admin", "--data", "data"]);
        let mut command = desk.program(&["serve", "isp", "--data", "data"]);
        command
            .args(["--listen", "127.0.0.1:0", "--ssh-config", "config", "--stop-within", "5s"])
            .env("HOOK", SECRET);
        let mut running = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(running.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        // Whatever else it says must not fill its pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let place = line.trim().rsplit_once("http://").unwrap_or_else(|| panic!("{line}")).1;
        Self { running, place: place.to_owned(), token: token.trim().to_owned() }
    }

    /// Asks by curl, as a member's portal would; the answer must be a good one.
    fn ask(&self, path: &str, words: &[&str]) -> String {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "20"]);
        let asked = curl.args(words).arg(format!("http://{}{path}", self.place)).output();
        Said::from(asked.unwrap()).ends(0, &[]).out
    }

    fn api(&self, path: &str, words: &[&str]) -> Value {
        let bearer = format!("Authorization: Bearer {}", self.token);
        let said = self.ask(&format!("/api/v1{path}"), &[&["--header", &*bearer], words].concat());
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    /// Calls the webhook as a forge does, which signs what it says.
    fn forge_calls(&self, job: &str) -> i64 {
        let sign =
            format!("printf '{{}}' | openssl dgst -sha256 -hmac \"{SECRET}\" -r | cut -d' ' -f1");
        let sign = Command::new("sh").args(["-c", &sign]).output();
        let sign = Said::from(sign.unwrap()).ends(0, &[]).out;
        let signature = format!("X-Hub-Signature-256: sha256={}", sign.trim());
        let said = self.ask(&format!("/hooks/{job}"), &["--header", &signature, "--data", "{}"]);
        let said: Value = serde_json::from_str(&said).unwrap();
        said["run"].as_i64().unwrap()
    }

    /// How a run ended: who began it, its state, and how often each result was told.
    #[track_caller]
    fn ended(&self, run: i64) -> (String, usize, usize) {
        let mut shown = Value::Null;
        soon(LONGEST_S, || {
            shown = self.api(&format!("/runs/{run}"), &[]);
            let open = ["waiting", "running"].contains(&shown["state"].as_str().unwrap());
            if open { Err(shown["state"].to_string()) } else { Ok(()) }
        });
        let bearer = format!("Authorization: Bearer {}", self.token);
        let output = || self.ask(&format!("/api/v1/runs/{run}/output"), &["--header", &bearer]);
        assert_eq!(shown["state"], "done", "{}", output());
        let tasks = shown["tasks"].as_array().unwrap();
        let count = |result: &str| tasks.iter().filter(|task| task["result"] == result).count();
        assert_eq!(count("failed") + count("unreachable"), 0, "{}", output());
        (shown["cause"].as_str().unwrap().to_owned(), count("changed"), count("ok"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.running.id().to_string();
        let _told = Command::new("kill").args(["-s", "TERM", &pid]).status();
        let _ended = self.running.wait();
    }
}

/// The number of the first run of a list, which begins with the newest.
fn first_run(listed: &Value) -> Option<i64> {
    listed["runs"].as_array()?.last()?["run"].as_i64()
}

/// The host has what the role sets, and is still what the provider declares.
pub(crate) fn a_role_that_nobody_here_wrote_runs_on_the_declared_hosts(desk: &Desk) {
    desk.write("isp/tuning.yml", PLAYBOOK);
    let paths = collections();
    desk.write("isp/ansible.cfg", &format!("[defaults]\ncollections_path = {}\n", paths.display()));
    desk.declare(&(desk.model() + JOBS));
    let server = Server::begin(desk);

    let asked = server.api("/jobs/tuning/runs", &["--request", "POST"]);
    let (cause, changed, _) = server.ended(asked["run"].as_i64().unwrap());
    println!("          by API: {changed} tasks changed something");
    let called = server.forge_calls("tuning");
    let (called_by, changed_again, _) = server.ended(called);
    assert_eq!((&*cause, &*called_by), ("api", "webhook"));
    let mut planned = None;
    soon(LONGEST_S, || {
        planned = first_run(&server.api("/runs?job=nightly", &[]));
        planned.map(|_| ()).ok_or_else(|| "its minute has not come".to_owned())
    });
    let (planned_by, changed_by_plan, well) = server.ended(planned.unwrap());
    assert_eq!((&*planned_by, changed_again, changed_by_plan), ("schedule", 0, 0));
    assert!(well > 5, "only {well} tasks were told");
    drop(server);

    desk.sh("web", "test $(sysctl -n vm.swappiness) = 1 && grep mongodb /etc/security/limits.conf");
    desk.sh("web", "systemctl is-active ntp && systemctl cat disable-transparent-huge-pages");
    desk.ketupa("drift", &["web"], &[]).ends(0, &["1 as declared"]);
}
