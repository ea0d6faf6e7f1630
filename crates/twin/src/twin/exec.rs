//! Commands in a host, its services, its logs.

use std::fs;
use std::process::{Command, ExitStatus, Output, Stdio};

use crate::error::{Doing as _, Error, Result};
use crate::fabric::run_with;
use crate::init::control::Answer;
use crate::init::{LOGS, PATH};
use crate::twin::Twin;
use crate::unit::load::full_name;

/// What a command in a host may not do to this machine.
const NOT: &str = "-sys_module,-sys_boot,-sys_time";

impl Twin {
    /// A command in a host, not yet started: the caller chooses its pipes.
    pub fn command(&self, host: &str, words: &[&str]) -> Result<Command> {
        let mut command = Command::new("/usr/bin/nsenter");
        command.args(["-a", "-t", &self.pid(host)?.to_string(), "--"]);
        command.args(["/usr/bin/setpriv", "--bounding-set", NOT, "--"]).args(words);
        command.env_clear().env("PATH", PATH).env("HOME", "/root").env("LANG", "C.UTF-8");
        Ok(command)
    }

    /// Runs a command in a host to its end.
    pub fn exec(&self, host: &str, words: &[&str]) -> Result<Output> {
        self.exec_with(host, words, &[])
    }

    /// Runs a command in a host to its end, with this on its standard input.
    pub fn exec_with(&self, host: &str, words: &[&str], input: &[u8]) -> Result<Output> {
        run_with(&mut self.command(host, words)?, input)
    }

    /// Runs a command in a host at the caller's own terminal.
    pub fn interactive(&self, host: &str, words: &[&str]) -> Result<ExitStatus> {
        let mut command = self.command(host, words)?;
        for name in ["TERM", "COLORTERM"] {
            if let Ok(value) = std::env::var(name) {
                command.env(name, value);
            }
        }
        command.status().doing(|| format!("run {words:?} in {host}"))
    }

    /// Starts a command in a host with pipes to its standard input and output.
    pub fn spawn(&self, host: &str, words: &[&str]) -> Result<std::process::Child> {
        let mut command = self.command(host, words)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().doing(|| format!("run {words:?} in {host}"))
    }

    /// Writes a file in a host, as a test prepares one; real configuration goes another way.
    pub fn write(&self, host: &str, path: &str, bytes: &[u8]) -> Result<()> {
        let script = "mkdir -p \"$(dirname \"$1\")\" && cat > \"$1\"";
        let output = self.exec_with(host, &["sh", "-c", script, "write", path], bytes)?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!("cannot write {path} in {host}: {}", why.trim())))
    }

    /// Asks a host's service manager, as `systemctl` in it would.
    pub fn systemctl(&self, host: &str, words: &[&str]) -> Result<Answer> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        self.ask(host, &words)
    }

    /// Kills the main process of a unit, as a bug would.
    pub fn kill(&self, host: &str, unit: &str) -> Result<()> {
        let answer = self.systemctl(host, &["kill", "-s", "KILL", "--kill-whom=main", unit])?;
        if answer.code == 0 { Ok(()) } else { Err(Error::new(answer.err.trim())) }
    }

    /// What a unit printed.
    pub fn unit_log(&self, host: &str, unit: &str) -> Result<String> {
        self.program_log(host, &full_name(unit))
    }

    /// What a program said to syslog.
    pub fn program_log(&self, host: &str, program: &str) -> Result<String> {
        let path = self.inside(host, &format!("{LOGS}/{program}.log"))?;
        let bytes = fs::read(&path).doing(|| format!("read the log of {program} in {host}"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
