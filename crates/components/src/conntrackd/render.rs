//! From a firewall's `sync` interface to conntrackd's configuration and keepalived's script.

use component::{Check, File, HostTree, OnChange, Probe, TemplateError, Templates, Unit};
use model::ask::Family;
use model::kinds::Host;
use model::vrrp::SyncLink;
use model::{Id, Isp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

const CONFIGURATION: &str = "/etc/conntrackd/conntrackd.conf";
/// keepalived calls it by this path.
const SCRIPT: &str = "/etc/conntrackd/primary-backup";

/// What the template of `conntrackd.conf` asks for.
#[derive(Debug, Serialize)]
struct Context {
    interface: String,
    /// `4` or `6`.
    family: u8,
    local: IpAddr,
    remote: IpAddr,
    ignored4: BTreeSet<IpAddr>,
    ignored6: BTreeSet<IpAddr>,
}

/// Everything for one host.
pub(super) fn tree(
    isp: &Isp,
    host: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let Some(link) = isp.sync_link(host) else { return Ok(HostTree::default()) };
    let configuration =
        templates.render("conntrackd/conntrackd.conf", &context(isp, host, &link))?;
    let script = templates.render("conntrackd/primary-backup", &())?;
    let script = File { mode: 0o755, ..File::public(script) };
    let unit = Unit {
        // It reads its configuration at the start only; the other half keeps the connections.
        on_change: OnChange::Restart,
        reads: vec![CONFIGURATION.into()],
        after: ["networking.service", "nftables.service"].map(str::to_owned).to_vec(),
        cuts_off: false,
    };
    Ok(HostTree {
        files: BTreeMap::from([
            (CONFIGURATION.into(), File::public(configuration)),
            (SCRIPT.into(), script),
        ]),
        packages: ["conntrack", "conntrackd"].map(str::to_owned).into(),
        units: BTreeMap::from([("conntrackd.service".into(), unit)]),
        checks: vec![syntax_of_script()],
        probes: vec![Probe {
            name: "conntrackd answers".into(),
            command: ["/usr/sbin/conntrackd", "-s", "network"].map(str::to_owned).to_vec(),
            within_s: 10,
        }],
        ..HostTree::default()
    })
}

/// conntrackd has no checker of its own; the shell has one for the script.
fn syntax_of_script() -> Check {
    Check {
        component: "conntrackd".into(),
        command: ["/bin/sh", "-n", SCRIPT].map(str::to_owned).to_vec(),
        covers: vec![SCRIPT.into()],
    }
}

/// Connections of the firewall itself are worth nothing to its other half: its own addresses and
/// the VIPs are ignored.
fn context(isp: &Isp, host: Id<Host>, link: &SyncLink<'_>) -> Context {
    let vips = isp.vips_of(host);
    let vips = vips.flat_map(|vip| Family::BOTH.into_iter().filter_map(|f| vip.address(f)));
    let own: BTreeSet<IpAddr> = isp.hosts[host].addresses().into_iter().chain(vips).collect();
    let (ignored4, ignored6) = own.into_iter().partition(IpAddr::is_ipv4);
    Context {
        interface: link.nic.name.clone(),
        family: link.family.digit(),
        local: link.local,
        remote: link.remote,
        ignored4,
        ignored6,
    }
}
