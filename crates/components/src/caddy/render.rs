//! From the services of a host to its Caddyfile.

use component::{Check, File, HostTree, OnChange, Probe, TemplateError, Templates, Unit};
use model::kinds::{Host, Role, Serve, Service};
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What runs PHP: the version of Debian 12.
const PHP: &str = "php8.2-fpm.service";
const CONFIG: &str = "/etc/caddy/Caddyfile";

#[derive(Serialize)]
struct Context {
    sites: Vec<Site>,
    ports: BTreeSet<u16>,
    proxies: Vec<IpAddr>,
}

#[derive(Serialize)]
struct Site {
    description: Option<String>,
    addresses: Vec<String>,
    root: String,
    php: bool,
    secure: bool,
}

pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let services: Vec<&Service> = isp.services_on(id).filter(|s| super::serves(s)).collect();
    let context = Context {
        sites: services.iter().map(|service| site(service)).collect(),
        ports: services.iter().map(|service| service.port).collect(),
        proxies: proxies(isp),
    };
    let mut tree = HostTree::default();
    let text = templates.render("caddy/Caddyfile", &context)?;
    tree.files.insert(CONFIG.into(), File::public(text));
    tree.packages.insert("caddy".into());
    let mut after = vec!["networking.service".to_owned()];
    if services.iter().any(|service| service.serve == Serve::Php) {
        tree.packages.insert("php8.2-fpm".into());
        // Debian's own pool serves: nothing of it is rendered, it only has to run.
        let unit = Unit {
            on_change: OnChange::Reload,
            reads: Vec::new(),
            after: Vec::new(),
            cuts_off: false,
        };
        tree.units.insert(PHP.into(), unit);
        after.push(PHP.into());
    }
    let reads = vec![CONFIG.to_owned()];
    tree.checks.push(check(&reads));
    let unit = Unit { on_change: OnChange::Reload, reads, after, cuts_off: false };
    tree.units.insert("caddy.service".into(), unit);
    tree.probes.extend(context.ports.iter().map(|port| probe(*port)));
    Ok(tree)
}

/// The check opens the logs, so it runs as the user who writes them later.
fn check(covers: &[String]) -> Check {
    let command = "runuser -u caddy -- /usr/bin/caddy validate --config /etc/caddy/Caddyfile";
    Check {
        component: "caddy".into(),
        command: command.split(' ').map(str::to_owned).collect(),
        covers: covers.to_vec(),
    }
}

fn probe(port: u16) -> Probe {
    Probe {
        name: format!("Caddy takes connections on port {port}"),
        command: ["ss", "-Hltn", "sport", "=", &format!(":{port}")].map(str::to_owned).into(),
        within_s: 10,
    }
}

fn site(service: &Service) -> Site {
    let port = service.port;
    let address = |name: &String| format!("http://{}:{port}", name.to_lowercase());
    Site {
        description: service.description.clone(),
        addresses: service.names.iter().map(address).collect(),
        root: service.root.clone().unwrap_or_else(|| format!("/srv/www/{}", service.name())),
        php: service.serve == Serve::Php,
        secure: service.certificate.is_some(),
    }
}

/// What the proxies say about a client is believed; what others say is not.
fn proxies(isp: &Isp) -> Vec<IpAddr> {
    isp.with_role(Role::Proxy).flat_map(|(_, host)| host.addresses()).collect()
}
