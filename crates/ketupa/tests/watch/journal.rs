//! A journal of its own for each host: systemd's daemon, in a namespace of mounts that goes with it.

use crate::network::Network;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// Files so small that the journal begins several anew while nobody reads it.
const SCRIPT: &str = "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log && \
    mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal && \
    printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\nRateLimitIntervalSec=0\\n\
    RuntimeMaxUse=128M\\nRuntimeMaxFileSize=1M\\nForwardToWall=no\\n' \
    > /run/systemd/journald.conf.d/story.conf && exec /lib/systemd/systemd-journald";

/// A journal that runs.
pub(crate) struct Journal(Child);

impl Journal {
    /// Begins one on a host.
    pub(crate) fn start(network: &Network, host: usize) -> Self {
        let mut command = network.bare_command(host, "unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", SCRIPT]);
        let journal = Self(command.stderr(Stdio::null()).spawn().expect("unshare is here"));
        let begin = Instant::now();
        while !journal.is_up() {
            let late = begin.elapsed() > Duration::from_secs(20);
            assert!(!late, "apt-get install systemd: its journal does not begin");
            std::thread::sleep(Duration::from_millis(20));
        }
        journal
    }

    fn is_up(&self) -> bool {
        let process = PathBuf::from(format!("/proc/{}", self.0.id()));
        let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
        let socket = process.join("root/run/systemd/journal/stdout");
        name.starts_with("systemd-journal") && socket.exists()
    }

    /// A program on the host, which sees this journal.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--net", "--target", &self.0.id().to_string(), program]);
        command
    }

    /// What is written to this becomes lines of the journal; `Child` ends with it.
    pub(crate) fn writer(&self) -> (Child, ChildStdin) {
        let mut command = self.command("systemd-cat");
        command.args(["--identifier=story", "--level-prefix=false"]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("systemd-cat is here");
        let input = child.stdin.take().expect("it is a pipe");
        (child, input)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
