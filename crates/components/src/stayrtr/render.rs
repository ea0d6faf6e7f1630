//! From declared route origins to a table of validated payloads and the daemon's arguments.

use component::{File, HostTree, OnChange, Probe, TemplateError, Templates, Unit};
use ipnet::IpNet;
use model::kinds::Host;
use model::{Id, Isp, Named as _};
use serde::Serialize;

const TABLE: &str = "/etc/stayrtr/vrps.json";
const ARGUMENTS: &str = "/etc/default/stayrtr";
const DROP_IN: &str = "/etc/systemd/system/stayrtr.service.d/ketupa.conf";

#[derive(Serialize)]
struct Context {
    port: u16,
    table: &'static str,
    origins: Vec<Origin>,
}

#[derive(Serialize)]
struct Origin {
    name: String,
    prefix: IpNet,
    max_length: u8,
    asn: u32,
}

pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let port = isp.hosts[id].rtr.port();
    let context = Context { port, table: TABLE, origins: origins(isp) };
    let mut tree = HostTree::default();
    for (path, template) in [
        (TABLE, "stayrtr/vrps.json"),
        (ARGUMENTS, "stayrtr/stayrtr"),
        (DROP_IN, "stayrtr/unit.conf"),
    ] {
        tree.files.insert(path.into(), File::public(templates.render(template, &context)?));
    }
    tree.packages.insert("stayrtr".into());
    let unit = Unit {
        on_change: OnChange::Reload,
        reads: [TABLE, ARGUMENTS, DROP_IN].map(str::to_owned).into(),
        after: vec!["networking.service".into()],
        cuts_off: false,
    };
    tree.units.insert("stayrtr.service".into(), unit);
    tree.probes.push(Probe {
        name: "StayRTR takes routers' connections".into(),
        command: ["ss", "-Hltn", "sport", "=", &format!(":{port}")].map(str::to_owned).into(),
        within_s: 10,
    });
    Ok(tree)
}

fn origins(isp: &Isp) -> Vec<Origin> {
    let origin = |roa: &model::kinds::Roa| Origin {
        name: roa.name().to_owned(),
        prefix: roa.prefix,
        max_length: roa.max_length,
        asn: roa.asn.0,
    };
    isp.roas.values().map(origin).collect()
}
