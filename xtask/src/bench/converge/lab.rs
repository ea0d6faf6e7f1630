//! The hosts: containers that know nothing of anybody, with sshd; and the desk from which all is done.

use super::ours;
use super::tools::Kit;
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use twin::{HostSpec, Lab, Port, Twin};

/// The container from which everybody works.
pub(super) const DESK: &str = "desk";
/// The interface that leads to the hosts.
pub(super) const NIC: &str = "mgmt";
/// The first host's last byte; the others follow.
const FIRST: usize = 11;

/// What a host is told before anybody comes: a plain Debian's apt, and a daemon that can be reloaded.
const PREPARE: &str = "set -e; exec 3>&1 >/dev/null
rm -f /etc/apt/apt.conf.d/docker-*
cat >/etc/systemd/system/bench.service <<END
[Service]
ExecStart=/bin/sleep infinity
ExecReload=/bin/touch /run/bench-reloaded
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now bench.service
chmod 700 /root/.ssh
ssh-keygen -q -A
systemctl start ssh.service
cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub >&3";

/// Hosts and a desk that are up.
pub(super) struct Stage {
    twin: Twin,
    numbers: Vec<usize>,
}

impl Stage {
    /// So many bare hosts, and a desk with all tools.
    pub(super) fn up(kit: &Kit, name: &str, hosts: usize) -> Result<Self, String> {
        let numbers: Vec<usize> = (FIRST..FIRST + hosts).collect();
        Twin::clear(kit.image().site(), name).map_err(|error| error.chain())?;
        let twin = Twin::up(&lab(name, &numbers), kit.image()).map_err(|error| error.chain())?;
        let stage = Self { twin, numbers };
        stage.desk(kit)?;
        stage.hosts()?;
        Ok(stage)
    }

    /// Takes everything down.
    pub(super) fn down(self) -> Result<(), String> {
        self.twin.down().map_err(|error| error.chain())
    }

    fn desk(&self, kit: &Kit) -> Result<(), String> {
        self.address(DESK, "10.9.0.1/24")?;
        self.sh(DESK, "ssh-keygen -q -t ed25519 -N '' -f /root/key")?;
        let config = "IdentityFile /root/key\nIdentitiesOnly yes\nUser root\n\
                      UserKnownHostsFile /root/known\nGlobalKnownHostsFile /dev/null\n";
        self.write(DESK, "/root/config", config)?;
        let shared = "ControlMaster auto\nControlPath /root/open-%h\nControlPersist 600\n";
        self.write(DESK, "/root/shared", &format!("{shared}{config}"))?;
        let mut inventory = String::from("[all]\n");
        for number in &self.numbers {
            let _ = writeln!(inventory, "10.9.0.{number} number={number}");
        }
        self.write(DESK, "/opt/bench/inventory.ini", &inventory)?;
        let numbers: Vec<String> = self.numbers.iter().map(ToString::to_string).collect();
        self.write(DESK, "/opt/bench/hosts", &numbers.join("\n"))?;
        let pid = self.twin.pid(DESK).map_err(|error| error.chain())?;
        kit.carry_to(&std::path::PathBuf::from(format!("/proc/{pid}/root/opt/bench")))
    }

    fn hosts(&self) -> Result<(), String> {
        let key = self.sh(DESK, "cat /root/key.pub")?;
        let mut known = String::new();
        for number in &self.numbers {
            let name = name(*number);
            self.address(&name, &format!("10.9.0.{number}/24"))?;
            self.write(&name, "/root/.ssh/authorized_keys", &key)?;
            let public = self.sh(&name, PREPARE)?;
            let _ = writeln!(known, "10.9.0.{number} {}", public.trim());
        }
        self.write(DESK, "/root/known", &known)?;
        self.all_answer()
    }

    /// Waits until every sshd listens.
    fn all_answer(&self) -> Result<(), String> {
        let end = Instant::now() + Duration::from_secs(60);
        for number in &self.numbers {
            let ask = format!("ssh-keyscan -T 2 10.9.0.{number} 2>/dev/null | grep -q .");
            while let Err(why) = self.sh(DESK, &ask) {
                if Instant::now() > end {
                    return Err(format!("{} does not answer: {why}", name(*number)));
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        Ok(())
    }

    fn address(&self, host: &str, address: &str) -> Result<(), String> {
        let script = format!("ip address add {address} dev {NIC} && ip link set {NIC} up");
        self.sh(host, &script).map(drop)
    }

    /// The same in every host.
    pub(super) fn on_hosts(&self, script: &str) -> Result<(), String> {
        self.numbers.iter().try_for_each(|number| self.sh(&name(*number), script).map(drop))
    }

    /// Everybody does the same work: each file is as we would have made it, and the daemon was told.
    pub(super) fn expect_work(&self) -> Result<(), String> {
        for number in &self.numbers {
            let host = name(*number);
            let found = self.sh(&host, "cat /etc/bench/* && ls /run/bench-reloaded && id -un 5003 && id -Gn bench-carol | grep -ow bench-ops")?;
            let files = ours::files(*number)?;
            let wanted: String = files.into_iter().map(|(_, text)| text).collect();
            if found != format!("{wanted}/run/bench-reloaded\nbench-carol\nbench-ops\n") {
                return Err(format!("{host} is not as it should be:\n{found}"));
            }
        }
        Ok(())
    }

    /// The first processes of all hosts.
    pub(super) fn host_pids(&self) -> Result<Vec<i32>, String> {
        let pid = |number: &usize| self.twin.pid(&name(*number)).map_err(|error| error.chain());
        self.numbers.iter().map(pid).collect()
    }

    /// The desk's first process.
    pub(super) fn desk_pid(&self) -> Result<i32, String> {
        self.twin.pid(DESK).map_err(|error| error.chain())
    }

    /// A command at the desk.
    pub(super) fn at_desk(&self, script: &str) -> Result<String, String> {
        self.sh(DESK, script)
    }

    fn sh(&self, host: &str, script: &str) -> Result<String, String> {
        let output = self.twin.exec(host, &["sh", "-c", script]).map_err(|error| error.chain())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        Err(format!("{host}: {script}: {said}{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn write(&self, host: &str, path: &str, text: &str) -> Result<(), String> {
        self.twin.write(host, path, text.as_bytes()).map_err(|error| error.chain())
    }
}

fn name(number: usize) -> String {
    format!("h{number:03}")
}

fn lab(name_of_all: &str, numbers: &[usize]) -> Lab {
    let host = |name: String, number: usize| {
        let mac = format!("02:00:00:00:09:{number:02x}");
        let port = Port { interface: NIC.into(), segment: "management".into(), mac };
        HostSpec { name, ports: vec![port] }
    };
    let hosts = numbers.iter().map(|number| host(name(*number), *number));
    let hosts = hosts.chain([host(DESK.into(), 1)]).collect();
    Lab { name: name_of_all.to_owned(), hosts, segments: vec!["management".into()] }
}
