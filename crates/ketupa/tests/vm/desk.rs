//! The operator's desk: the declared provider, keys, and two bare machines within reach.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::machine::{Machine, Spec, image};

/// The program under test.
const KETUPA: &str = env!("CARGO_BIN_EXE_ketupa");
/// What is declared.
const ISP: &str = include_str!("isp.toml");
/// Both machines.
pub(crate) const BOTH: &[&str] = &["core", "web"];

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    /// Both streams.
    pub(crate) all: String,
}

impl Said {
    /// Ended as expected, saying each of these.
    #[track_caller]
    pub(crate) fn ends(self, code: i32, says: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}", self.all);
        for wanted in says {
            assert!(self.all.contains(wanted), "{wanted:?} is not in:\n{}", self.all);
        }
        self
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let out = String::from_utf8_lossy(&output.stdout);
        let err = String::from_utf8_lossy(&output.stderr);
        let all = format!("{out}{err}");
        Self { code: output.status.code().unwrap_or(-1), out: out.into_owned(), all }
    }
}

/// The desk, and what it has within reach.
pub(crate) struct Desk {
    folder: PathBuf,
    executor: PathBuf,
    machines: Vec<Machine>,
}

impl Desk {
    /// Switches two bare machines on and waits until their sshd answers.
    pub(crate) fn begin() -> Self {
        let image = image();
        let folder = std::env::temp_dir().join(format!("ketupa-vm-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("isp")).unwrap();
        let core = Spec { name: "core", address: "10.9.0.1", number: 1 };
        let web = Spec { name: "web", address: "10.9.0.10", number: 2 };
        let machines = vec![
            Machine::begin(core, "web", &image, &folder),
            Machine::begin(web, "core", &image, &folder),
        ];
        let desk = Self { folder, executor: testkit::executor(), machines };
        desk.declare(ISP);
        desk.reach(&image);
        desk.certificate();
        for host in BOTH {
            desk.answers(host);
        }
        desk
    }

    /// The operator's `ssh_config`, and what is known of the hosts' keys.
    fn reach(&self, image: &Path) {
        let host_key = std::fs::read_to_string(image.join("host-key.pub")).unwrap();
        let key: Vec<&str> = host_key.split(' ').take(2).collect();
        let leads = |machine: &Machine| {
            let (name, port) = (machine.spec.name, machine.port);
            format!("Host {name}\n HostName 127.0.0.1\n Port {port}\n HostKeyAlias {name}\n")
        };
        let hosts: Vec<String> = self.machines.iter().map(leads).collect();
        let everywhere = format!(
            "Host *\n User root\n IdentityFile {}\n IdentitiesOnly yes\n \
             UserKnownHostsFile {}\n GlobalKnownHostsFile /dev/null\n",
            image.join("key").display(),
            self.folder.join("known").display(),
        );
        self.write("config", &(hosts.concat() + &everywhere));
        self.write("known", &format!("{} {}\n", BOTH.join(","), key.join(" ")));
    }

    /// A key and a certificate for the site, in a file as the secret store would give it.
    fn certificate(&self) {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
            ])
            .args(["-subj", "/CN=www.isp.example", "-addext", "subjectAltName=DNS:www.isp.example"])
            .args(["-days", "30", "-keyout", "key.pem", "-out", "crt.pem"])
            .current_dir(&self.folder)
            .output();
        Said::from(made.unwrap()).ends(0, &[]);
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.join(path)).unwrap()
    }

    /// Declares something else.
    pub(crate) fn declare(&self, model: &str) {
        self.write("isp/isp.toml", model);
    }

    /// What is declared.
    pub(crate) fn model(&self) -> String {
        self.read("isp/isp.toml")
    }

    /// Replaces a template, as operators can; without a text, the built-in one is used again.
    pub(crate) fn template(&self, name: &str, text: Option<&str>) {
        let path = format!("isp/templates/{name}.j2");
        match text {
            Some(text) => self.write(&path, text),
            None => std::fs::remove_file(self.folder.join(path)).unwrap(),
        }
    }

    /// `ketupa VERB DIR --host HOSTS ...`.
    pub(crate) fn ketupa(&self, verb: &str, hosts: &[&str], words: &[&str]) -> Said {
        self.command(verb, hosts, words).output().unwrap().into()
    }

    /// The same, not waited for.
    pub(crate) fn start(&self, verb: &str, hosts: &[&str], words: &[&str]) -> Child {
        self.command(verb, hosts, words).spawn().unwrap()
    }

    /// The program with these words, not started.
    pub(crate) fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(KETUPA);
        command.args(words).current_dir(&self.folder);
        command
    }

    /// What the program prints; it must succeed.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> String {
        Said::from(self.program(words).output().unwrap()).ends(0, &[]).out
    }

    fn command(&self, verb: &str, hosts: &[&str], words: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["900", KETUPA, verb, "isp", "--today", "2022-01-09", "--ssh-config", "config"])
            .args(["--executor".as_ref(), self.executor.as_os_str()])
            .args(["--host", &hosts.join(",")])
            .args(words)
            .env("WWW_PEM", self.read("key.pem") + &self.read("crt.pem"))
            .current_dir(&self.folder);
        command
    }

    /// A command on a machine, however it ends.
    pub(crate) fn tries(&self, host: &str, script: &str) -> Said {
        let mut ssh = Command::new("timeout");
        ssh.args(["120", "ssh", "-F", "config", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30"]);
        ssh.args([host, script]).current_dir(&self.folder).output().unwrap().into()
    }

    /// What a command on a machine prints; it must succeed.
    #[track_caller]
    pub(crate) fn sh(&self, host: &str, script: &str) -> String {
        self.tries(host, script).ends(0, &[]).out
    }

    /// A command on a machine, not waited for; with a terminal, so that it ends with the connection.
    pub(crate) fn leaves(&self, host: &str, script: &str) -> Child {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "config", "-o", "BatchMode=yes", "-tt", host, script]);
        ssh.current_dir(&self.folder).stdin(Stdio::null()).spawn().unwrap()
    }

    /// Waits until a machine has booted.
    #[track_caller]
    pub(crate) fn answers(&self, host: &str) {
        soon(300, || {
            let said = self.tries(host, "systemctl is-system-running --wait");
            // Both are the end of a boot; a unit that failed is the story's to judge.
            let booted = said.all.contains("running") || said.all.contains("degraded");
            if booted { Ok(()) } else { Err(said.all) }
        });
    }

    /// Pulls a machine's plug, and waits until it is back.
    pub(crate) fn loses_power(&mut self, host: &str) {
        let machine = self.machines.iter_mut().find(|machine| machine.spec.name == host);
        machine.unwrap().lose_power();
        self.answers(host);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.machines.clear();
        if !std::thread::panicking() {
            std::fs::remove_dir_all(&self.folder).unwrap();
        }
    }
}

/// Asks again and again until the answer is yes.
#[track_caller]
pub(crate) fn soon(seconds: u64, mut ask: impl FnMut() -> Result<(), String>) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while let Err(why) = ask() {
        assert!(Instant::now() < end, "not within {seconds} s: {why}");
        std::thread::sleep(Duration::from_millis(500));
    }
}
