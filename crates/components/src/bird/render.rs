//! From the model to BIRD's two files: what there is, and what is taken and told.

use super::filters;
use super::igp::{Bfd, Igp, bfd, igp};
use super::inside::{Peer, peers};
use super::outside::{Outside, sessions};
use super::own::{Own, own, source, word};
use component::{Check, File, HostTree, OnChange, Probe, TemplateError, Templates, Unit};
use derive::routing::{Origins, common, families, is_ours, network, origins, router_id};
use model::ask::Family;
use model::kinds::Host;
use model::{Id, Isp, Named as _};
use policy::standard::Network;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

const CONFIGURATION: &str = "/etc/bird/bird.conf";
const FILTERS: &str = "/etc/bird/filters.conf";

/// Everything that `bird.conf` says.
#[derive(Debug, Serialize)]
struct Router {
    name: String,
    description: Option<String>,
    role: &'static str,
    asn: u32,
    /// Its BGP and OSPF router id.
    id: Ipv4Addr,
    families: Vec<Kernel>,
    own: Own,
    igp: Option<Igp>,
    bfd: Option<Bfd>,
    caches: Vec<Cache>,
    validated: bool,
    inside: Vec<Peer>,
    templates: BTreeSet<&'static str>,
    outside: Vec<Outside>,
}

/// One routing table of the kernel.
#[derive(Debug, Serialize)]
struct Kernel {
    digit: u8,
    source: Option<IpAddr>,
}

/// An RTR cache.
#[derive(Debug, Serialize)]
struct Cache {
    word: String,
    host: String,
    address: IpAddr,
    port: u16,
}

/// Everything that `filters.conf` says.
#[derive(Debug, Serialize)]
struct Filters {
    name: String,
    text: String,
}

/// The files, unit, check and probe of one router.
pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let host = &isp.hosts[id];
    let families = families(host);
    let origins = origins(isp, id);
    let network = network(isp, &common(isp), origins);
    let (inside, own_filters) = peers(isp, id, &network, &families);
    let (outside, session_filters) = sessions(isp, id, (origins, &families));
    let own_filters = own_filters.into_iter().map(|filter| (filter, None));
    let all = own_filters.chain(session_filters).collect();
    let text = filters::text(all, &names(isp, id, &network)).map_err(|clash| TemplateError {
        name: "bird/filters.conf".to_owned(),
        line: None,
        says: clash.to_string(),
    })?;
    let filters = Filters { name: host.name().to_owned(), text };
    let router = Router { inside, outside, ..router(isp, id, origins) };
    let router =
        Router { templates: router.outside.iter().map(Outside::template).collect(), ..router };
    let files = BTreeMap::from([
        (CONFIGURATION.to_owned(), owned(templates.render("bird/bird.conf", &router)?)),
        (FILTERS.to_owned(), owned(templates.render("bird/filters.conf", &filters)?)),
    ]);
    Ok(HostTree { files, ..daemon() })
}

/// Passwords stand in the files; Debian gives them to the daemon's user, with this mode.
fn owned(text: String) -> File {
    File { owner: "bird".into(), ..File::private(text, "bird") }
}

/// What does not depend on the network.
fn daemon() -> HostTree {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    let reads = vec!["/etc/bird/".to_owned()];
    let unit = Unit {
        on_change: OnChange::Reload,
        reads: reads.clone(),
        // Without its addresses it cannot begin a session, without the filter it should not.
        after: ["networking.service", "nftables.service"].map(str::to_owned).to_vec(),
        cuts_off: true,
    };
    HostTree {
        packages: BTreeSet::from(["bird2".to_owned()]),
        units: BTreeMap::from([("bird.service".to_owned(), unit)]),
        checks: vec![Check {
            component: "bird".into(),
            command: words("/usr/sbin/bird -p -c /etc/bird/bird.conf"),
            covers: reads,
        }],
        probes: vec![Probe {
            name: "BIRD answers".into(),
            command: words("/usr/sbin/birdc show status"),
            within_s: 15,
        }],
        ..HostTree::default()
    }
}

fn router(isp: &Isp, id: Id<Host>, origins: Origins) -> Router {
    let host = &isp.hosts[id];
    let families = families(host);
    let kernel =
        |family: &Family| Kernel { digit: family.digit(), source: source(isp, host, *family) };
    Router {
        name: host.name().to_owned(),
        description: host.description.clone(),
        role: host.role.word(),
        asn: host.asn(isp).0,
        id: router_id(host),
        families: families.iter().map(kernel).collect(),
        own: own(isp, id, &families),
        igp: igp(isp, id),
        bfd: bfd(isp, id),
        caches: if origins == Origins::Validated { caches(isp) } else { Vec::new() },
        validated: origins == Origins::Validated,
        inside: Vec::new(),
        templates: BTreeSet::new(),
        outside: Vec::new(),
    }
}

fn caches(isp: &Isp) -> Vec<Cache> {
    let cache = |(id, port): (Id<Host>, u16)| {
        let host = &isp.hosts[id];
        let mut addresses = Family::BOTH.into_iter().filter_map(|f| host.main_address(isp, f));
        Some(Cache {
            word: word(host),
            host: host.name().to_owned(),
            address: addresses.next()?,
            port,
        })
    };
    isp.rtr_servers().into_iter().filter_map(cache).collect()
}

/// Names in the text: those of our own AS, or only the number of another.
fn names(isp: &Isp, id: Id<Host>, network: &Network) -> policy::bird::Names {
    if is_ours(isp, id) {
        return network.names();
    }
    policy::bird::Names { own_asn: isp.hosts[id].asn(isp).0, large: Vec::new() }
}
