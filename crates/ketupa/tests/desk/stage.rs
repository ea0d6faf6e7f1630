//! A provider's directory, servers on it, and somebody with a token.

use crate::http::{Answer, ask};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The command under test.
const KETUPA: &str = env!("CARGO_BIN_EXE_ketupa");
/// The secret of every webhook here.
pub(crate) const SECRET: &str = "It's a Secret to Everybody";
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

static STAGES: AtomicU32 = AtomicU32::new(0);

/// A directory, and where the desk keeps what it remembers.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    database: Option<String>,
    pub(crate) token: String,
}

impl Stage {
    /// A provider with these jobs.
    pub(crate) fn new(jobs: &str) -> Self {
        Self::with(jobs, None)
    }

    /// The same, remembering in a PostgreSQL.
    pub(crate) fn with(jobs: &str, database: Option<String>) -> Self {
        let number = STAGES.fetch_add(1, Ordering::Relaxed);
        let name = format!("ketupa-desk-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("isp")).unwrap();
        let head = "[isp]\nname = \"Test\"\nasn = 65001\ndomain = \"example.net\"\n";
        std::fs::write(folder.join("isp/isp.toml"), format!("{head}{jobs}")).unwrap();
        let mut stage = Self { folder, database, token: String::new() };
        stage.token = stage.token("admin");
        stage
    }

    /// A command on this desk.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(KETUPA);
        command.args(words).arg("--data").arg(self.folder.join("data")).env("HOOK", SECRET);
        command.args(self.database.iter().flat_map(|address| ["--database", address]));
        command
    }

    pub(crate) fn says(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A new token with these scopes.
    pub(crate) fn token(&self, scopes: &str) -> String {
        self.says(&["token", "create", "somebody", "--scope", scopes])
    }

    /// Starts a server.
    pub(crate) fn serve(&self, more: &[&str]) -> Server<'_> {
        self.serve_with(more, |_| {})
    }

    /// The same, with something that is set before it starts.
    pub(crate) fn serve_with(&self, more: &[&str], set: impl FnOnce(&mut Command)) -> Server<'_> {
        let mut command = self.command(&["serve", &shown(&self.folder.join("isp"))]);
        command.args(["--listen", "127.0.0.1:0"]).args(more);
        set(&mut command);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let place = line.trim().rsplit_once("http://").unwrap_or_else(|| panic!("{line}")).1;
        let place = place.to_owned();
        // Whatever else it says must not fill its pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Server { stage: self, child, place }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// A server that is up.
pub(crate) struct Server<'a> {
    pub(crate) stage: &'a Stage,
    child: Child,
    pub(crate) place: String,
}

impl Server<'_> {
    pub(crate) fn get(&self, path: &str, headers: &[&str]) -> Answer {
        ask(&self.place, "GET", path, headers, "")
    }

    pub(crate) fn post(&self, path: &str, headers: &[&str], body: &str) -> Answer {
        ask(&self.place, "POST", path, headers, body)
    }

    /// Asks the API as the administrator.
    pub(crate) fn api(&self, method: &str, path: &str, body: &str) -> Value {
        let bearer = format!("Authorization: Bearer {}", self.stage.token);
        let answer = ask(&self.place, method, &format!("/api/v1{path}"), &[&bearer], body);
        assert!(answer.status < 300, "{answer:?}");
        answer.json()
    }

    /// Starts a job by the API; the run's number.
    pub(crate) fn start(&self, job: &str, body: &str) -> i64 {
        self.api("POST", &format!("/jobs/{job}/runs"), body)["run"].as_i64().unwrap()
    }

    pub(crate) fn run(&self, id: i64) -> Value {
        self.api("GET", &format!("/runs/{id}"), "")
    }

    pub(crate) fn output(&self, id: i64) -> String {
        let bearer = format!("Authorization: Bearer {}", self.stage.token);
        self.get(&format!("/api/v1/runs/{id}/output"), &[&bearer]).body
    }

    /// The run when it is over.
    pub(crate) fn ended(&self, id: i64) -> Value {
        until("the run is over", || {
            let run = self.run(id);
            let open = ["waiting", "running"].contains(&run["state"].as_str().unwrap());
            (!open).then_some(run)
        })
    }

    /// Somebody logs in with a token; their cookie.
    pub(crate) fn log_in(&self, token: &str) -> String {
        let form = "Content-Type: application/x-www-form-urlencoded";
        let answer = self.post("/login", &[form], &format!("token={token}"));
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// A signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for its end; whether it was well.
    pub(crate) fn wait(mut self) -> bool {
        let ended = until("the server ends", || self.child.try_wait().unwrap());
        ended.success()
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits for something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what}: not within {PATIENCE:?}")
}

/// The lines of a file that a job writes.
pub(crate) fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
