//! Four hosts on one segment: namespaces that go with the test.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Hosts by number on a segment of their own.
pub(crate) struct Network {
    hub: String,
    hosts: Vec<String>,
}

impl Network {
    /// A segment with so many hosts: host `n` is 10.99.0.`n + 1`.
    /// Those of another `story` in this process are others.
    pub(crate) fn new(story: &str, hosts: usize) -> Self {
        let name = |host: &str| format!("kw{}{story}-{host}", std::process::id());
        let names = (0..hosts).map(|host| name(&host.to_string()));
        let network = Self { hub: name("hub"), hosts: names.collect() };
        let hub = &network.hub;
        ip(&["netns", "add", hub]);
        ip(&["-n", hub, "link", "add", "br0", "type", "bridge"]);
        ip(&["-n", hub, "link", "set", "br0", "up"]);
        for (host, name) in network.hosts.iter().enumerate() {
            let port = format!("port{host}");
            ip(&["netns", "add", name]);
            let words =
                ["link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", name];
            ip(&[&["-n", hub][..], &words].concat());
            ip(&["-n", hub, "link", "set", &port, "master", "br0", "up"]);
            let address = format!("10.99.0.{}/24", host + 1);
            ip(&["-n", name, "address", "add", &address, "dev", "eth0"]);
            for link in ["lo", "eth0"] {
                ip(&["-n", name, "link", "set", link, "up"]);
            }
        }
        network
    }

    /// Cuts a host off, or joins it again.
    pub(crate) fn link(&self, host: usize, state: &str) {
        ip(&["-n", &self.hub, "link", "set", &format!("port{host}"), state]);
    }

    /// A program on a host that sees this machine's control groups, which `ip netns exec` hides.
    pub(crate) fn bare_command(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.hosts[host])).arg(program);
        command
    }

    /// A program on a host.
    pub(crate) fn command(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.hosts[host], program]);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in self.hosts.iter().chain([&self.hub]) {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().expect("iproute2 is here");
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A program on a host that tells how often it was asked, in many series.
pub(crate) struct Exporter {
    asked: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Exporter {
    /// Listens on port 9000 of a host's loopback.
    pub(crate) fn new(network: &Network, host: usize, series: usize) -> Self {
        let namespace = File::open(format!("/run/netns/{}", network.hosts[host]));
        let namespace = namespace.expect("it was made");
        let (asked, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, end) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            // This thread alone goes there.
            let there = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(namespace.as_fd(), there).expect("root may");
            let listener = TcpListener::bind("127.0.0.1:9000").expect("nobody is there");
            listener.set_nonblocking(true).expect("it can");
            while !end.load(Ordering::Relaxed) {
                let Ok((mut stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                stream.set_nonblocking(false).expect("it can");
                let asked = count.fetch_add(1, Ordering::Relaxed) + 1;
                let _ = stream.read(&mut [0; 4096]);
                let mut body = String::new();
                for n in 0..series {
                    writeln!(body, "asked_total{{n=\"{n}\"}} {asked}").expect("a string takes all");
                }
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        Self { asked, stop, thread: Some(thread) }
    }

    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
