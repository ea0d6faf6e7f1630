//! What every story has: a network, a server that can be killed, and somebody who asks it.

use crate::network::Network;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const KETUPA: &str = env!("CARGO_BIN_EXE_ketupa");
/// The host of the server; the others have agents.
pub(crate) const MONITOR: usize = 0;
pub(crate) const AGENTS: usize = 3;
const PLACE: &str = "http://10.99.0.1:8080";

/// A program that goes with the test.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) struct Story {
    pub(crate) folder: PathBuf,
    pub(crate) network: Network,
    reads: String,
}

impl Story {
    pub(crate) fn new(name: &str) -> Self {
        let id = std::process::id();
        let folder = std::env::temp_dir().join(format!("ketupa-watch-{id}-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("isp")).expect("it can be made");
        let isp = "[isp]\nname = \"Test\"\nasn = 65001\ndomain = \"example.net\"\n";
        std::fs::write(folder.join("isp/isp.toml"), isp).expect("it is written");
        let token = |scope: &str| {
            let mut command = Command::new(KETUPA);
            command.args(["token", "create", "story", "--scope", scope, "--data"]);
            let output = command.arg(folder.join("data")).output().expect("it runs");
            assert!(output.status.success(), "{output:?}");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let writes = token("metrics:write,logs:write");
        let reads = token("metrics:read,logs:read");
        for (name, token) in [("token", &writes), ("reads", &reads)] {
            std::fs::write(folder.join(name), token).expect("it is written");
            let own = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(folder.join(name), own).expect("it is ours");
        }
        let network = Network::new(name, AGENTS + 1);
        Self { folder, network, reads }
    }

    pub(crate) fn serve(&self) -> Running {
        let mut command = self.network.command(MONITOR, KETUPA);
        command
            .arg("serve")
            .arg(self.folder.join("isp"))
            .arg("--data")
            .arg(self.folder.join("data"));
        command.args(["--listen", "10.99.0.1:8080", "--behind-tls"]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let mut said = BufReader::new(child.stderr.take().expect("it is a pipe"));
        let (mut line, running) = (String::new(), Running(child));
        said.read_line(&mut line).expect("it says where it is");
        assert!(line.contains("http"), "{line}");
        // Whatever else it says must not fill its pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        running
    }

    /// An agent on a host, with what it is told besides where to send; `command` runs a program there.
    pub(crate) fn agent(
        &self,
        host: usize,
        command: impl FnOnce(&str) -> Command,
        more: &str,
    ) -> Running {
        let place = |name: &str| self.folder.join(name);
        let text = format!(
            "listen = \"127.0.0.1:9100\"\nbird = \"/nowhere\"\n[labels]\ninstance = \"host{host}\"\n\
             [send]\nurl = \"{PLACE}\"\ntoken_file = \"{}\"\ndirectory = \"{}\"\ninterval = 15\n{more}",
            place("token").display(),
            place(&format!("state{host}")).display(),
        );
        let config = place(&format!("agent{host}.toml"));
        std::fs::write(&config, text).expect("it is written");
        let mut command = command(KETUPA);
        let child = command.args(["agent", "--config"]).arg(config).stderr(Stdio::null()).spawn();
        Running(child.expect("it starts"))
    }

    /// What the server answers to a form; nothing if it does not answer.
    pub(crate) fn ask(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let mut curl = self.network.command(MONITOR, "curl");
        curl.args(["--silent", "--max-time", "30", "--header"]);
        curl.arg(format!("Authorization: Bearer {}", self.reads));
        for (name, value) in form {
            curl.arg("--data-urlencode").arg(format!("{name}={value}"));
        }
        let output = curl.arg(format!("{PLACE}{path}")).output().expect("curl is here");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// What `ketupa logs` prints, line by line.
    pub(crate) fn logs(&self, question: &str) -> Vec<String> {
        let mut command = self.network.command(MONITOR, KETUPA);
        command.args(["logs", question, "--limit", "10000", "--server", PLACE, "--token-file"]);
        let output = command.arg(self.folder.join("reads")).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    /// Kills a server four times, each time at some moment, and starts it again.
    pub(crate) fn kill_four_times(&self, server: &mut Running) {
        for _ in 0..4 {
            std::thread::sleep(some_moment() * 2);
            server.kill();
            std::thread::sleep(some_moment());
            *server = self.serve();
        }
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all::<&Path>(&self.folder);
    }
}

/// A fraction of a second that is another each time.
fn some_moment() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(300 + u64::from(since.subsec_micros() % 1700))
}
