//! A place on this machine for one test's twins, emptied whatever happens.

use std::ops::Deref;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use twin::{HostSpec, Image, Lab, Port, Site, Twin, image};

/// The image that all tests share.
pub(crate) fn any_image() -> Image {
    Image::ensure(&site(), image::PACKAGES, &mut |_| ()).unwrap()
}

/// Test twins live apart from those that people have up.
pub(crate) fn site() -> Site {
    let mut site = Site::with(env!("CARGO_BIN_EXE_twin-init"));
    site.run = PathBuf::from("/run/ketupa/test");
    site
}

/// Clears the twin of a name when the test ends, also when it fails.
pub(crate) struct Cleared(pub(crate) &'static str);

impl Drop for Cleared {
    fn drop(&mut self) {
        let cleared = Twin::clear(&site(), self.0);
        if !std::thread::panicking() {
            cleared.unwrap();
        }
    }
}

/// A twin for one test.
pub(crate) struct Bench {
    twin: Twin,
    _cleared: Cleared,
}

impl Deref for Bench {
    type Target = Twin;

    fn deref(&self) -> &Twin {
        &self.twin
    }
}

impl Bench {
    pub(crate) fn up(lab: &Lab) -> Self {
        let cleared = Cleared(lab.name.clone().leak());
        let twin = Twin::up(lab, &any_image()).unwrap();
        Self { twin, _cleared: cleared }
    }

    /// What a command in a host prints; it must succeed.
    pub(crate) fn says(&self, host: &str, command: &str) -> String {
        let (code, text) = self.tries(host, command);
        assert_eq!(code, 0, "{host}: {command}: {text}");
        text
    }

    /// The exit code of a command in a host, and all it prints.
    pub(crate) fn tries(&self, host: &str, command: &str) -> (i32, String) {
        let output = self
            .exec(host, &["timeout", "30", "sh", "-c", &format!("exec 2>&1; {command}")])
            .unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Writes the interfaces of a host and raises them as Debian does at boot.
    pub(crate) fn addressed(&self, host: &str, interface: &str, addresses: &[&str]) {
        let mut text = format!("auto lo\niface lo inet loopback\nauto {interface}\n");
        for address in addresses {
            let family = if address.contains(':') { "inet6" } else { "inet" };
            let stanza = format!("iface {interface} {family} static\n  address {address}\n");
            text.push_str(&stanza);
        }
        self.write(host, "/etc/network/interfaces", text.as_bytes()).unwrap();
        self.says(host, "systemctl start networking");
    }
}

/// Hosts with one interface each on the segment `lan`.
pub(crate) fn lan(name: &str, hosts: &[&str]) -> Lab {
    let host = |(number, name): (usize, &&str)| HostSpec {
        name: (*name).to_owned(),
        ports: vec![port("eth0", "lan", number)],
    };
    Lab {
        name: name.to_owned(),
        hosts: hosts.iter().enumerate().map(host).collect(),
        segments: vec!["lan".to_owned()],
    }
}

pub(crate) fn port(interface: &str, segment: &str, number: usize) -> Port {
    Port {
        interface: interface.to_owned(),
        segment: segment.to_owned(),
        mac: format!("02:00:00:00:00:{:02x}", number + 1),
    }
}

/// Waits for something that takes a moment.
pub(crate) fn soon(what: &str, mut yes: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !yes() {
        assert!(Instant::now() < end, "{what}: not within ten seconds");
        std::thread::sleep(Duration::from_millis(20));
    }
}
