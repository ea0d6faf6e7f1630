//! From declared route origins to Routinator's settings and its local exceptions.

use component::{Check, File, HostTree, OnChange, Probe, TemplateError, Templates, Unit};
use ipnet::IpNet;
use model::kinds::{Host, Roa};
use model::{Id, Isp, Named as _};
use serde::Serialize;

const SETTINGS: &str = "/etc/routinator/routinator.conf";
const EXCEPTIONS: &str = "/etc/routinator/slurm.json";

#[derive(Serialize)]
struct Context {
    port: u16,
    exceptions: &'static str,
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
    let context = Context { port, exceptions: EXCEPTIONS, origins: origins(isp) };
    let mut tree = HostTree::default();
    let settings = templates.render("routinator/routinator.conf", &context)?;
    tree.files.insert(SETTINGS.into(), File::public(settings));
    let exceptions = templates.render("routinator/slurm.json", &context)?;
    tree.files.insert(EXCEPTIONS.into(), File::public(exceptions));
    let unit = Unit {
        // A signal would read the exceptions again but not the settings.
        on_change: OnChange::Restart,
        reads: [SETTINGS, EXCEPTIONS].map(str::to_owned).into(),
        after: vec!["networking.service".into()],
        cuts_off: false,
    };
    tree.units.insert("routinator.service".into(), unit);
    tree.checks.push(Check {
        component: "routinator".into(),
        command: ["routinator", "--config", SETTINGS, "config"].map(str::to_owned).into(),
        covers: [SETTINGS, EXCEPTIONS].map(str::to_owned).into(),
    });
    tree.probes.push(Probe {
        name: "Routinator takes routers' connections".into(),
        command: ["ss", "-Hltn", "sport", "=", &format!(":{port}")].map(str::to_owned).into(),
        within_s: 30,
    });
    Ok(tree)
}

fn origins(isp: &Isp) -> Vec<Origin> {
    let origin = |roa: &Roa| Origin {
        name: roa.name().to_owned(),
        prefix: roa.prefix,
        max_length: roa.max_length,
        asn: roa.asn.0,
    };
    isp.roas.values().map(origin).collect()
}
