//! What is not configuration but must be there for a rehearsal: pages, and applications' stand-ins.

use component::{File, HostTree, OnChange, Unit};
use model::kinds::{Host, Serve, Service};
use model::{Id, Isp, Named as _};
use std::fmt::Write as _;

/// The unit that answers in the place of applications.
const STAND_IN: &str = "ketupa-stand-in.service";

/// Adds pages for the services of a host, and stand-ins for those that are applications.
/// Says what is stood in for.
pub(crate) fn add(isp: &Isp, id: Id<Host>, tree: &mut HostTree) -> Vec<String> {
    let mut said = Vec::new();
    let mut sites = String::new();
    for service in isp.services_on(id) {
        match service.serve {
            Serve::Static => page(service, &isp.hosts[id], "index.html", tree),
            Serve::Php => page(service, &isp.hosts[id], "index.php", tree),
            Serve::App => {
                let says = text(service, &isp.hosts[id]);
                let (port, name) = (service.port, service.name());
                // Written to a string: cannot fail.
                let _ = write!(sites, ":{port} {{\n\trespond \"{says}\"\n}}\n");
                said.push(format!(
                    "{}: the application of service {name} is played by a page on port {port}",
                    isp.hosts[id].name()
                ));
            }
        }
    }
    if !sites.is_empty() {
        stand_in(&sites, tree);
    }
    said
}

/// Takes away what a container without a way out and without disks cannot have. Says what that is.
pub(crate) fn leave_out(isp: &Isp, id: Id<Host>, tree: &mut HostTree) -> Vec<String> {
    let before = tree.files.len() + tree.packages.len() + tree.versions.len();
    tree.files.retain(|path, _| !path.starts_with("/etc/apt/"));
    tree.versions.clear();
    let image = |name: &str| twin::image::PACKAGES.contains(&name);
    for package in isp.packages.values().filter(|package| !image(&package.package.0)) {
        tree.packages.remove(&package.package.0);
        tree.held.remove(&package.package.0);
    }
    let after = tree.files.len() + tree.packages.len() + tree.versions.len();
    let says = format!(
        "{}: repositories, versions and packages that the twin's image lacks are left out",
        isp.hosts[id].name()
    );
    (after < before).then_some(says).into_iter().collect()
}

/// The text by which a test knows a service.
pub(crate) fn text(service: &Service, host: &Host) -> String {
    format!("service {} on {}", service.name(), host.name())
}

fn page(service: &Service, host: &Host, file: &str, tree: &mut HostTree) {
    let root = service.root.clone().unwrap_or_else(|| format!("/srv/www/{}", service.name()));
    let text = format!("<!doctype html>\n<p>{}</p>\n", text(service, host));
    tree.files.insert(format!("{root}/{file}"), File::public(text));
}

fn stand_in(sites: &str, tree: &mut HostTree) {
    let config = format!("{{\n\tadmin off\n\tauto_https off\n}}\n{sites}");
    let unit = "[Unit]\nDescription=Stands in for applications in the twin\n\
        [Service]\nExecStart=/usr/bin/caddy run --config /etc/ketupa/stand-in.caddy --adapter caddyfile\n\
        Environment=HOME=/var/lib/caddy\nUser=caddy\nGroup=caddy\n\
        [Install]\nWantedBy=multi-user.target\n";
    let paths = ["/etc/ketupa/stand-in.caddy", "/etc/systemd/system/ketupa-stand-in.service"];
    tree.files.insert(paths[0].to_owned(), File::public(config));
    tree.files.insert(paths[1].to_owned(), File::public(unit));
    let reads = paths.map(str::to_owned).to_vec();
    let unit = Unit {
        on_change: OnChange::Restart,
        reads,
        after: vec!["networking.service".into()],
        cuts_off: false,
    };
    tree.units.insert(STAND_IN.to_owned(), unit);
}
