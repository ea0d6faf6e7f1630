//! The links of a twin: bridges for segments, veth pairs for ports, and what can go wrong.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::error::{Doing as _, Error, Result};
use crate::lab::{FABRIC, HostSpec, Lab, bridge, port_name};
use crate::twin::Twin;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tap {
    /// All that a segment's bridge forwards.
    Segment(String),
    /// What one host sends and receives: host and interface.
    Port(String, String),
}

impl Twin {
    /// Cuts a link silently: the interface stays up, nothing arrives.
    pub fn cut(&self, host: &str, interface: &str) -> Result<()> {
        let port = self.device(host, interface)?;
        self.links(&format!("link set dev {port} nomaster\n"))
    }

    /// Pulls the cable: the host sees its carrier go.
    pub fn unplug(&self, host: &str, interface: &str) -> Result<()> {
        let port = self.device(host, interface)?;
        self.links(&format!("link set dev {port} down\n"))
    }

    /// Drops this share of the packets, in both directions.
    pub fn loss(&self, host: &str, interface: &str, percent: u8) -> Result<()> {
        let port = self.device(host, interface)?;
        self.filter(&format!("{}{}", no_loss(&port), some_loss(&port, percent.min(100))))
    }

    /// Undoes all faults of a link.
    pub fn heal(&self, host: &str, interface: &str) -> Result<()> {
        let port = self.device(host, interface)?;
        let segment = bridge(&self.lab().port(host, interface)?.segment);
        self.links(&format!("link set dev {port} master {segment} up\n"))?;
        self.filter(&no_loss(&port))
    }

    /// A command that writes what passes here to its standard output, as a capture file.
    pub fn pcap(&self, tap: &Tap, filter: &[&str]) -> Result<Command> {
        let device = match tap {
            Tap::Segment(name) if self.lab().segments.iter().any(|segment| segment == name) => {
                bridge(name)
            }
            Tap::Segment(name) => {
                let says = format!(
                    "there is no segment {name}: write HOST/INTERFACE, or one of {}",
                    self.lab().segments.join(", ")
                );
                return Err(Error::new(says));
            }
            Tap::Port(host, interface) => self.device(host, interface)?,
        };
        let words = ["tcpdump", "-U", "-n", "-w", "-", "-i", &device];
        let words: Vec<&str> = words.into_iter().chain(filter.iter().copied()).collect();
        self.command(FABRIC, &words)
    }

    /// Makes the segments.
    pub(crate) fn lay(&self) -> Result<()> {
        let mut batch = String::new();
        for segment in &self.lab().segments {
            let name = bridge(segment);
            let _ =
                writeln!(batch, "link add name {name} type bridge mcast_snooping 0 stp_state 0");
            let _ = writeln!(batch, "link set dev {name} up");
        }
        self.links(&batch)
    }

    /// Plugs hosts in.
    pub(crate) fn wire(&self, hosts: &[&HostSpec]) -> Result<()> {
        let mut batch = String::new();
        for host in hosts {
            batch.push_str(&cables(host, self.pid(&host.name)?));
        }
        self.links(&batch)
    }

    /// Tears all cables of a host out, so that nothing of it answers any more.
    pub(crate) fn unwire(&self, host: &HostSpec) -> Result<()> {
        let delete = |port: &crate::lab::Port| {
            format!("link delete {}\n", port_name(&host.name, &port.interface))
        };
        self.links(&host.ports.iter().map(delete).collect::<String>())
    }

    fn device(&self, host: &str, interface: &str) -> Result<String> {
        self.lab().port(host, interface)?;
        Ok(port_name(host, interface))
    }

    /// Runs `ip -batch` among the segments. The program is this machine's own, because the
    /// numbers of the hosts' processes mean nothing inside the fabric.
    fn links(&self, batch: &str) -> Result<()> {
        let mut command = Command::new("/usr/bin/nsenter");
        command.args(["-n", "-t", &self.pid(FABRIC)?.to_string(), "--"]);
        command.args(["/usr/sbin/ip", "-batch", "-"]);
        feed(&mut command, batch)
    }

    fn filter(&self, rules: &str) -> Result<()> {
        feed(&mut self.command(FABRIC, &["nft", "-f", "-"])?, rules)
    }
}

impl Lab {
    /// All hosts, as [`Twin::wire`] wants them.
    pub(crate) fn all_hosts(&self) -> Vec<&HostSpec> {
        self.hosts.iter().collect()
    }
}

fn cables(host: &HostSpec, pid: i32) -> String {
    let mut batch = String::new();
    for port in &host.ports {
        let device = port_name(&host.name, &port.interface);
        let (inside, mac) = (&port.interface, &port.mac);
        let segment = bridge(&port.segment);
        let _ = writeln!(
            batch,
            "link add name {device} type veth peer name {inside} address {mac} netns {pid}\n\
             link set dev {device} master {segment} up"
        );
    }
    batch
}

fn table(port: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    format!("loss_{}", port.chars().map(plain).collect::<String>())
}

fn no_loss(port: &str) -> String {
    let table = table(port);
    format!("add table bridge {table}\ndelete table bridge {table}\n")
}

fn some_loss(port: &str, percent: u8) -> String {
    format!(
        "table bridge {} {{\n chain forward {{\n  type filter hook forward priority 0\n  \
         iifname \"{port}\" numgen random mod 100 < {percent} drop\n  \
         oifname \"{port}\" numgen random mod 100 < {percent} drop\n }}\n}}\n",
        table(port)
    )
}

fn feed(command: &mut Command, text: &str) -> Result<()> {
    let output = run_with(command, text.as_bytes())?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("the fabric refused a change: {}", why.trim())))
}

/// Runs a command to its end with this on its standard input.
pub(crate) fn run_with(command: &mut Command, input: &[u8]) -> Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().doing(|| format!("start {}", command.get_program().display()))?;
    let pipe = child.stdin.take();
    // Written beside the reading, or a command that answers early would block both.
    std::thread::scope(|scope| {
        scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(input)));
        child.wait_with_output().doing(|| "wait for a command".to_owned())
    })
}
