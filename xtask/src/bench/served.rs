//! `ketupa serve` as a child of the benchmark, with a directory and a token of its own.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::http::http;

/// The server; it ends with this.
pub(super) struct Served {
    child: Child,
    pub(super) port: u16,
    /// The header that shows the token.
    pub(super) shows: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Starts one on a directory of data, which may hold something already.
    pub(super) fn start(
        ketupa: &Path,
        isp: &Path,
        folder: &Path,
        port: u16,
    ) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let scopes = "metrics:write,metrics:read,logs:write,logs:read";
        let mut token = Command::new(ketupa);
        token.args(["token", "create", "bench", "--scope", scopes, "--data"]).arg(folder);
        let made = token.output().map_err(|error| format!("{}: {error}", ketupa.display()))?;
        let shown = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        if shown.is_empty() {
            return Err(format!("no token: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let mut serve = Command::new(ketupa);
        // The questions are about a year of samples.
        serve.arg("serve").arg(isp).args(["--keep-samples", "800", "--data"]).arg(folder);
        serve.args(["--listen", &format!("127.0.0.1:{port}"), "--stop-within", "1s"]);
        let child = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("{}: {error}", ketupa.display()))?;
        let shows = format!("Authorization: Bearer {shown}\r\n");
        let served = Self { child, port, shows };
        for _ in 0..200 {
            if http(port, "GET /healthz", "", b"").is_ok_and(|(code, _)| code == 200) {
                return Ok(served);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err("ketupa serve does not become ready".to_owned())
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to end, and waits until it did.
    pub(super) fn stop(mut self) -> Result<(), String> {
        let id = self.child.id().to_string();
        super::timed(Command::new("kill").args(["-TERM", &id]))?;
        self.child.wait().map(drop).map_err(|error| error.to_string())
    }
}
