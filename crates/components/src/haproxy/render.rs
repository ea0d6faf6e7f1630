//! From declared services and certificates to the proxy's configuration.

use component::tree::secret_mark;
use component::{Check, File, HostTree, OnChange, Probe, TemplateError, Templates, Unit};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{Exposure, Host, Serve, Service};
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::net::IpAddr;

const CONFIG: &str = "/etc/haproxy/haproxy.cfg";
const NAMES: &str = "/etc/haproxy/services.map";
const CERTIFICATES: &str = "/etc/haproxy/certs/";
const DROP_IN: &str = "/etc/systemd/system/haproxy.service.d/ketupa.conf";

/// What the templates ask for.
#[derive(Serialize)]
struct Context {
    maxconn: u64,
    has_tls: bool,
    own: Vec<IpNet>,
    services: Vec<Backend>,
}

#[derive(Serialize)]
struct Backend {
    name: String,
    description: Option<String>,
    names: Vec<String>,
    health: String,
    secure: bool,
    members: bool,
    sticky: bool,
    servers: Vec<Server>,
}

#[derive(Serialize)]
struct Server {
    name: String,
    /// An IPv6 address stands in brackets, apart from its port.
    address: String,
    port: u16,
}

pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let context = context(isp, &isp.hosts[id]);
    let mut tree = HostTree::default();
    for (path, template) in [
        (CONFIG, "haproxy/haproxy.cfg"),
        (NAMES, "haproxy/services.map"),
        (DROP_IN, "haproxy/unit.conf"),
    ] {
        tree.files.insert(path.into(), File::public(templates.render(template, &context)?));
    }
    certificates(isp, &mut tree);
    tree.packages.insert("haproxy".into());
    let reads = vec![CONFIG.to_owned(), NAMES.into(), CERTIFICATES.into(), DROP_IN.into()];
    tree.checks.push(Check {
        component: "haproxy".into(),
        command: ["/usr/sbin/haproxy", "-c", "-f", CONFIG].map(str::to_owned).into(),
        covers: reads.clone(),
    });
    let after = vec!["networking.service".into()];
    let unit = Unit { on_change: OnChange::Reload, reads, after, cuts_off: false };
    tree.units.insert("haproxy.service".into(), unit);
    tree.probes.push(Probe {
        name: "HAProxy takes connections".into(),
        command: ["ss", "-Hltn", "sport", "=", ":80"].map(str::to_owned).into(),
        within_s: 10,
    });
    Ok(tree)
}

/// Key and chain of every certificate: only there once the operator applies.
fn certificates(isp: &Isp, tree: &mut HostTree) {
    for certificate in isp.certificates.values() {
        let path = format!("{CERTIFICATES}{}.pem", certificate.name());
        let text = format!("{}\n", secret_mark(&certificate.secret.0));
        tree.files.insert(path, File::private(text, "haproxy"));
    }
}

fn context(isp: &Isp, host: &Host) -> Context {
    Context {
        // About 60 kB for a connection on both sides with TLS: half of the memory at most.
        maxconn: host.memory.map_or(4096, |memory| memory.0 * 8),
        has_tls: !isp.certificates.is_empty(),
        own: isp.about.prefixes().collect(),
        services: isp.services.values().map(|service| backend(isp, service)).collect(),
    }
}

fn backend(isp: &Isp, service: &Service) -> Backend {
    let server = |id: &Id<Host>| {
        let host = &isp.hosts[*id];
        let address = Family::BOTH.into_iter().find_map(|f| host.main_address(isp, f))?;
        let address = match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        Some(Server { name: host.name().to_owned(), address, port: service.port })
    };
    Backend {
        name: service.name().to_owned(),
        description: service.description.clone(),
        names: service.names.clone(),
        health: service.health.clone(),
        secure: service.certificate.is_some(),
        members: service.exposure == Exposure::Members,
        // A session's files lie on the host that began it.
        sticky: service.hosts.len() > 1 && service.serve != Serve::Static,
        servers: service.hosts.iter().filter_map(server).collect(),
    }
}
