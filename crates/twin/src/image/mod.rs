//! The packages of a twin's hosts: installed into a layer over this machine, never on it.

mod build;
mod check;

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::site::Site;

/// What the daemons, the interfaces and the tests of a twin need from Debian.
pub const PACKAGES: &[&str] = &[
    "bird2",
    "caddy",
    "ca-certificates",
    "conntrack",
    "conntrackd",
    "curl",
    "haproxy",
    "ifupdown",
    "iproute2",
    "iputils-arping",
    "iputils-ping",
    "keepalived",
    "netcat-openbsd",
    "nftables",
    "openssh-server",
    "openssl",
    "php8.2-fpm",
    "procps",
    "socat",
    "stayrtr",
    "sudo",
    "tcpdump",
    "traceroute",
];

/// A complete package layer.
#[derive(Clone, Debug)]
pub struct Image {
    site: Site,
    folder: PathBuf,
}

impl Image {
    /// Finds the layer with these packages, or installs it; `progress` hears each line of apt.
    ///
    /// A layer is named after its packages and this machine's own, so that an upgrade here
    /// makes a new one. A build that was interrupted is never used.
    pub fn ensure(site: &Site, packages: &[&str], progress: &mut dyn FnMut(&str)) -> Result<Self> {
        let folder = site.cache.join(build::name(packages)?);
        if !folder.exists() {
            build::build(site, &folder, packages, progress)?;
        }
        Ok(Self { site: site.clone(), folder })
    }

    /// Where this image's twins live.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The layer on disk.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
