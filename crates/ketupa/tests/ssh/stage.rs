//! Containers with sshd, and an operator's container that reaches them.

use std::process::Child;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use model::Named as _;
use twin::{HostSpec, Image, Lab, Port, Site, Twin};

/// The program under test; it is also every container's first process.
const KETUPA: &str = env!("CARGO_BIN_EXE_ketupa");
/// Where the operator sits.
const DESK: &str = "desk";
/// What is declared, in its simplest form.
const ISP: &str = include_str!("isp.toml");
/// The day on which the stories play.
const TODAY: &str = "2022-01-09";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// What the program, or a command, said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Ended as expected, saying each of these.
    #[track_caller]
    pub(crate) fn ends(self, code: i32, says: &[&str]) -> Self {
        let all = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, code, "{all}");
        for wanted in says {
            assert!(all.contains(wanted), "{wanted:?} is not in:\n{all}");
        }
        self
    }
}

impl From<std::process::Output> for Said {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Hosts that live for one story.
pub(crate) struct Story {
    name: String,
    twin: Option<Twin>,
    model: String,
}

impl Story {
    /// Bare hosts of the story's ISP, each with an address on the management segment and sshd.
    pub(crate) fn begin() -> Self {
        Self::of(ISP)
    }

    /// The same with more declared.
    pub(crate) fn with(more: &str) -> Self {
        Self::of(&format!("{ISP}\n{more}"))
    }

    fn of(model: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ss-{}-{number}", std::process::id());
        let isp = testkit::isp_from(model);
        let site = Site::with(KETUPA);
        let image = Image::ensure(&site, twin::image::PACKAGES, &mut |_| ()).unwrap();
        let mut story = Self { name, twin: None, model: model.to_owned() };
        story.twin = Some(Twin::up(&story.lab(&isp), &image).unwrap());
        story.desk();
        for (_, host) in isp.hosts.iter().filter(|(_, host)| host.managed) {
            let nic = host.nic.iter().find(|nic| nic.name == "mgmt").unwrap();
            story.host(host.name(), &nic.ipv4.unwrap().to_string());
        }
        story
    }

    fn lab(&self, isp: &model::Isp) -> Lab {
        let port = |nic: &model::kinds::Nic| Port {
            interface: nic.name.clone(),
            segment: isp.segments[nic.segment].name().to_owned(),
            mac: nic.mac.to_string(),
        };
        let host = |host: &model::kinds::Host| HostSpec {
            name: host.name().to_owned(),
            ports: host.nic.iter().map(port).collect(),
        };
        let managed = isp.hosts.values().filter(|host| host.managed);
        let mut hosts: Vec<HostSpec> = managed.map(host).collect();
        let mac = "02:00:00:00:00:64".to_owned();
        let port = Port { interface: "mgmt".into(), segment: "management".into(), mac };
        hosts.push(HostSpec { name: DESK.into(), ports: vec![port] });
        let segments = isp.segments.values().map(|segment| segment.name().to_owned()).collect();
        Lab { name: self.name.clone(), hosts, segments }
    }

    pub(crate) fn twin(&self) -> &Twin {
        self.twin.as_ref().unwrap()
    }

    /// The operator has a key, an `ssh_config` that leads to every host, and the declared network.
    fn desk(&self) {
        self.sh(DESK, "ip address add 10.9.0.100/24 dev mgmt && ip link set mgmt up");
        self.sh(DESK, "mkdir -p /root/isp && ssh-keygen -q -t ed25519 -N '' -f /root/key");
        self.write(
            DESK,
            "/root/config",
            "IdentityFile /root/key\nIdentitiesOnly yes\nUserKnownHostsFile /root/known\n\
             GlobalKnownHostsFile /dev/null\nUser root\n",
        );
        self.write(DESK, "/root/isp/isp.toml", &self.model);
        let executor = testkit::executor();
        for name in ["ketupa-host", "ketupa-agent"] {
            let bytes = std::fs::read(executor.with_file_name(name)).unwrap();
            self.twin().write(DESK, &format!("/root/{name}"), &bytes).unwrap();
        }
    }

    /// A host as it is after Debian's installer, with the operator's key.
    fn host(&self, host: &str, address: &str) {
        let key = self.sh(DESK, "cat /root/key.pub");
        self.write(host, "/root/.ssh/authorized_keys", &key);
        self.sh(host, &format!("ip address add {address}/24 dev mgmt && ip link set mgmt up"));
        self.sh(host, "chmod 700 /root/.ssh && ssh-keygen -A");
        let started = self.twin().systemctl(host, &["start", "ssh.service"]).unwrap();
        assert_eq!(started.code, 0, "{host}: {started:?}");
        let public = self.sh(host, "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub");
        let known = format!("{host} {}", public.trim());
        let config = format!("Host {host}\n  HostName {address}\n  HostKeyAlias {host}");
        self.sh(DESK, &format!("echo '{known}' >>/root/known; echo '{config}' >>/root/config"));
    }

    pub(crate) fn write(&self, host: &str, path: &str, text: &str) {
        self.twin().write(host, path, text.as_bytes()).unwrap();
    }

    /// Declares something else.
    pub(crate) fn declare(&self, model: &str) {
        self.write(DESK, "/root/isp/isp.toml", model);
    }

    /// What is declared.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Replaces a template, as operators can.
    pub(crate) fn template(&self, name: &str, text: &str) {
        self.write(DESK, &format!("/root/isp/templates/{name}.j2"), text);
    }

    /// Takes a template of the operator's away again.
    pub(crate) fn built_in(&self, name: &str) {
        self.sh(DESK, &format!("rm /root/isp/templates/{name}.j2"));
    }

    /// What a command in a host prints; it must succeed.
    #[track_caller]
    pub(crate) fn sh(&self, host: &str, script: &str) -> String {
        self.tries(host, script).ends(0, &[]).out
    }

    /// A command in a host, however it ends.
    pub(crate) fn tries(&self, host: &str, script: &str) -> Said {
        self.twin().exec(host, &["timeout", "60", "sh", "-c", script]).unwrap().into()
    }

    /// A command at the operator's desk.
    pub(crate) fn at_desk(&self, script: &str) -> Said {
        self.tries(DESK, script)
    }

    /// `ketupa VERB DIR ...` at the operator's desk.
    pub(crate) fn ketupa(&self, verb: &str, words: &[&str]) -> Said {
        self.twin().exec(DESK, &self.words(verb, words)).unwrap().into()
    }

    /// The same, not waited for.
    pub(crate) fn start(&self, verb: &str, words: &[&str]) -> Child {
        self.twin().spawn(DESK, &self.words(verb, words)).unwrap()
    }

    #[expect(clippy::unused_self, reason = "the words only mean something at this story's desk")]
    fn words<'a>(&self, verb: &'a str, words: &[&'a str]) -> Vec<&'a str> {
        let secret = ["env", "AGENTS=not-to-be-told"];
        let program = ["timeout", "150", "/proc/1/exe", verb, "/root/isp", "--today", TODAY];
        let program = [&secret[..], &program].concat();
        let reach = ["--executor", "/root/ketupa-host", "--ssh-config", "/root/config"];
        // A story may bring a configuration of its own.
        let own = words.contains(&"--ssh-config");
        [&program[..], &reach[..if own { 2 } else { 4 }], words].concat()
    }

    /// How many times sshd let the operator in.
    pub(crate) fn logins(&self, host: &str) -> usize {
        let log = self.twin().program_log(host, "sshd").unwrap_or_default();
        log.matches("Accepted publickey").count()
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        let cleared = Twin::clear(&Site::with(KETUPA), &self.name);
        if !std::thread::panicking() {
            cleared.unwrap();
        }
    }
}

/// Asks again and again until the answer is yes.
#[track_caller]
pub(crate) fn soon(seconds: u64, mut ask: impl FnMut() -> Result<(), String>) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while let Err(why) = ask() {
        assert!(Instant::now() < end, "not within {seconds} s: {why}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
