//! What to bring up: hosts, their interfaces, and the segments between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// The name under which the container that carries the segments takes commands.
pub const FABRIC: &str = "fabric";

/// Everything that a twin consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lab {
    /// The twin's name on this machine.
    pub name: String,
    /// The hosts, each a container.
    pub hosts: Vec<HostSpec>,
    /// The segments, each a bridge.
    pub segments: Vec<String>,
}

/// A host and what it is plugged into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSpec {
    /// Its host name.
    pub name: String,
    /// Its interfaces.
    pub ports: Vec<Port>,
}

/// An interface of a host on a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its name in the host, such as `eth0.50`.
    pub interface: String,
    /// The segment that it is plugged into.
    pub segment: String,
    /// Its hardware address.
    pub mac: String,
}

/// A twin's usual name: that of the folder which declares it.
pub fn name_of(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    let name: String = name.unwrap_or_default().chars().map(plain).collect();
    if name.is_empty() { "twin".to_owned() } else { name }
}

impl Lab {
    /// Refuses what the kernel would not take, or what would be taken for something else.
    pub(crate) fn check(&self) -> Result<()> {
        let names = self.hosts.iter().map(|host| &host.name).chain([&self.name]);
        if let Some(bad) = names.into_iter().find(|name| !is_name(name)) {
            return Err(Error::new(format!("{bad:?} cannot name a twin or a host")));
        }
        let mut hosts = BTreeSet::from([FABRIC]);
        if let Some(twice) = self.hosts.iter().find(|host| !hosts.insert(&host.name)) {
            return Err(Error::new(format!("there are two hosts named {}", twice.name)));
        }
        let mut devices = BTreeMap::new();
        for segment in &self.segments {
            unique(&mut devices, bridge(segment), &format!("the segment {segment}"))?;
        }
        for host in &self.hosts {
            for port in &host.ports {
                self.check_port(host, port)?;
                let whose = format!("{} of {}", port.interface, host.name);
                unique(&mut devices, port_name(&host.name, &port.interface), &whose)?;
            }
        }
        Ok(())
    }

    fn check_port(&self, host: &HostSpec, port: &Port) -> Result<()> {
        let whose = format!("{} of {}", port.interface, host.name);
        if !is_device(&port.interface) {
            return Err(Error::new(format!("{whose}: the kernel takes no such name")));
        }
        if !self.segments.contains(&port.segment) {
            return Err(Error::new(format!("{whose}: there is no segment {}", port.segment)));
        }
        let bytes: Vec<_> = port.mac.split(':').collect();
        if bytes.len() != 6 || bytes.iter().any(|byte| u8::from_str_radix(byte, 16).is_err()) {
            return Err(Error::new(format!("{whose}: {:?} is no hardware address", port.mac)));
        }
        Ok(())
    }

    /// The port of a host, or a sentence about what there is not.
    pub(crate) fn port(&self, host: &str, interface: &str) -> Result<&Port> {
        let ports = &self.host(host)?.ports;
        ports
            .iter()
            .find(|port| port.interface == interface)
            .ok_or_else(|| Error::new(format!("{host} has no interface {interface}")))
    }

    pub(crate) fn host(&self, name: &str) -> Result<&HostSpec> {
        self.hosts
            .iter()
            .find(|host| host.name == name)
            .ok_or_else(|| Error::new(format!("the twin {} has no host {name}", self.name)))
    }
}

fn unique(devices: &mut BTreeMap<String, String>, device: String, whose: &str) -> Result<()> {
    match devices.insert(device, whose.to_owned()) {
        Some(other) => {
            Err(Error::new(format!("{whose} and {other} would have one name in the fabric")))
        }
        None => Ok(()),
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !name.is_empty() && name.len() <= 63 && !name.starts_with(['.', '-']) && name.chars().all(plain)
}

fn is_device(name: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || matches!(c, '/' | ':' | '%');
    let reserved = ["", ".", "..", "lo", "all", "default"];
    name.len() <= 15 && !reserved.contains(&name) && !name.contains(forbidden)
}

/// The fabric's name for a segment.
pub(crate) fn bridge(segment: &str) -> String {
    if is_device(segment) { segment.to_owned() } else { short(segment) }
}

/// The fabric's name for its end of a host's interface.
pub(crate) fn port_name(host: &str, interface: &str) -> String {
    let whole = format!("{host}.{interface}");
    if is_device(&whole) { whole } else { short(&whole) }
}

/// At most 15 characters that still begin like the name, and differ when the names do.
fn short(name: &str) -> String {
    let hash = hex(Sha256::digest(name).get(..3).unwrap_or_default());
    let start: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(8).collect();
    format!("{start}~{hash}")
}

/// Bytes as people compare them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab(ports: &[(&str, &str)]) -> Lab {
        let port = |(interface, segment): &(&str, &str)| Port {
            interface: (*interface).to_owned(),
            segment: (*segment).to_owned(),
            mac: "02:00:00:00:00:01".to_owned(),
        };
        let host = HostSpec { name: "a".to_owned(), ports: ports.iter().map(port).collect() };
        Lab { name: "t".to_owned(), hosts: vec![host], segments: vec!["lan".to_owned()] }
    }

    #[test]
    fn names_in_the_fabric_are_short_and_differ() {
        assert_eq!(port_name("edge-01", "eth0.50"), "edge-01.eth0.50");
        let long = port_name("edge-router-01", "eth0");
        assert!(long.len() <= 15 && long.starts_with("edge-rou~"), "{long}");
        assert_ne!(long, port_name("edge-router-01", "eth1"));
        assert_eq!(bridge("lan"), "lan");
        assert_ne!(bridge("default"), "default");
    }

    #[test]
    fn refuses_what_the_kernel_would() {
        assert!(lab(&[("eth0", "lan")]).check().is_ok());
        assert!(lab(&[("eth0", "wan")]).check().is_err());
        assert!(lab(&[("a/b", "lan")]).check().is_err());
        assert!(lab(&[("eth0", "lan"), ("eth0", "lan")]).check().is_err());
    }

    #[test]
    fn a_twin_is_named_after_its_folder() {
        assert_eq!(name_of(Path::new("/srv/my isp")), "my-isp");
        assert_eq!(name_of(Path::new("/")), "twin");
    }
}
