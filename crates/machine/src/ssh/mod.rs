//! A host over SSH: OpenSSH's own client, with the operator's configuration, keys and known hosts.
//!
//! In the usual case an exchange is one connection: a line of shell finds the executor in its cache,
//! compares its hash and becomes it. Where it is not cached it travels over a second one.

mod script;
mod trouble;

use std::path::{Path, PathBuf};
use std::time::Duration;

use host::wire::{Answer, Request};

use crate::executor::Executor;
use crate::pipe::{Ended, pipe};
use crate::{LIMIT, Machine, Unreachable, decode, encode};

/// How long a question over a new connection may take: whoever is cut off does not wait longer.
const ANEW: Duration = Duration::from_secs(20);

/// What ssh is always told. Nothing here weakens what it would do by itself: keys of hosts, ciphers
/// and key exchange are the operator's own affair.
const OPTIONS: [&str; 13] = [
    // There is nobody to ask: a question would hang.
    "BatchMode=yes",
    "ConnectTimeout=10",
    // A host that is cut off is noticed within 15 s.
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    // What goes wrong is read from what it says.
    "LogLevel=ERROR",
    // Programs travel as text: this makes less than half of them.
    "Compression=yes",
    // The executor needs nothing of what a login may have.
    "RequestTTY=no",
    "RemoteCommand=none",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "StdinNull=no",
];

/// What an executor is asked to do on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// To look. A login that may not use sudo looks with its own eyes.
    Look,
    /// To change: as root, or through `sudo -n`.
    Change,
}

/// Which connection carries an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    /// One that is open already, if the operator's configuration shares them.
    Any,
    /// A new one.
    New,
}

/// A machine reached by `ssh`.
#[derive(Debug, Clone)]
pub struct Ssh {
    name: String,
    destination: String,
    config: Option<PathBuf>,
    executor: Executor,
    rights: Rights,
}

impl Ssh {
    /// The machine called `name`, reached at `destination` as `ssh` understands it: a name of its
    /// configuration, an address, either with `user@`.
    pub fn new(
        name: impl Into<String>,
        destination: impl Into<String>,
        executor: Executor,
        rights: Rights,
    ) -> Self {
        let (name, destination) = (name.into(), destination.into());
        Self { name, destination, config: None, executor, rights }
    }

    /// The same machine, by another configuration than the operator's usual one (`ssh -F`).
    #[must_use]
    pub fn with_config(self, config: Option<&Path>) -> Self {
        Self { config: config.map(Path::to_owned), ..self }
    }

    fn over(
        &self,
        connection: Connection,
        requests: &[Request],
    ) -> Result<Vec<Answer>, Unreachable> {
        let fails = |why: String| Unreachable::new(&self.name, why);
        let input = encode(&self.name, requests)?;
        let run = script::run(self.rights, &self.executor);
        let ended = self.connect(connection, &run, input.clone()).map_err(fails)?;
        if ended.code() != Some(script::ABSENT) {
            return self.answers(&ended, requests.len()).map_err(fails);
        }
        let has = script::processor(&ended.said());
        if has != self.executor.processor() {
            return Err(fails(trouble::processor(&has, self.executor.processor())));
        }
        let send = script::send(self.rights, &self.executor);
        let input = [&**self.executor.bytes(), &input].concat();
        let ended = self.connect(connection, &send, input).map_err(fails)?;
        self.answers(&ended, requests.len()).map_err(fails)
    }

    fn connect(
        &self,
        connection: Connection,
        script: &str,
        input: Vec<u8>,
    ) -> Result<Ended, String> {
        let limit = match connection {
            Connection::Any => LIMIT,
            Connection::New => ANEW,
        };
        pipe(&self.command(connection, script), input, limit)
    }

    fn command(&self, connection: Connection, script: &str) -> Vec<String> {
        let mut words = vec!["ssh".to_owned()];
        if let Some(config) = &self.config {
            words.extend(["-F".to_owned(), config.to_string_lossy().into_owned()]);
        }
        let new: &[&str] = match connection {
            Connection::Any => &[],
            Connection::New => &["ControlMaster=no", "ControlPath=none"],
        };
        for option in OPTIONS.iter().chain(new) {
            words.extend(["-o".to_owned(), (*option).to_owned()]);
        }
        // What follows is a destination whatever it looks like, and the command of its shell.
        words.extend(["--", &self.destination, script].map(str::to_owned));
        words
    }

    fn answers(&self, ended: &Ended, count: usize) -> Result<Vec<Answer>, String> {
        decode(&ended.output, count).map_err(|why| {
            let said = ended.said();
            trouble::explain(&self.name, &self.destination, &said)
                .unwrap_or_else(|| format!("{why} ({}) {said}", ended.how()))
        })
    }
}

impl Machine for Ssh {
    fn name(&self) -> &str {
        &self.name
    }

    fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, Unreachable> {
        self.over(Connection::Any, requests)
    }

    fn ask_anew(&self, request: Request) -> Result<Answer, Unreachable> {
        let answers = self.over(Connection::New, std::slice::from_ref(&request))?;
        answers.into_iter().next().ok_or_else(|| Unreachable::new(&self.name, "it did not answer"))
    }
}
