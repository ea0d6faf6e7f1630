//! BGP with other networks: one protocol for each session and family, and the other end of a
//! session where the neighbour's router is ours too.

use component::tree::secret_mark;
use derive::routing::{self, End, Origins, Side, about, symbol};
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{BgpRole, Host, Relation, View};
use model::{Id, Isp};
use policy::{Filter, RoaTable, bird};
use serde::Serialize;
use std::net::IpAddr;

/// One session of one family.
#[derive(Debug, Serialize)]
pub(super) struct Outside {
    protocol: String,
    comment: String,
    description: String,
    digit: u8,
    local: Option<IpAddr>,
    local_asn: u32,
    remote: IpAddr,
    remote_asn: u32,
    /// The template of the relation, or of no relation where the session shall have no role.
    template: &'static str,
    /// A role that is not the relation's.
    role: Option<&'static str>,
    /// Who must come first in a path, where no template says it.
    first_as: Option<&'static str>,
    password: Option<String>,
    link: Link,
    import_table: bool,
    /// Also for what we tell, unless it is the whole table.
    export_table: bool,
    import: String,
    export: String,
    receive_limit: u32,
    export_limit: Option<u32>,
}

impl Outside {
    /// The template that it is made from.
    pub(super) fn template(&self) -> &'static str {
        self.template
    }
}

/// How the two ends of a session are connected.
#[derive(Debug, Serialize)]
struct Link {
    multihop: bool,
    ttl_security: bool,
    bfd: bool,
}

/// The sessions of a router with other networks, and their filters.
pub(super) fn sessions(
    isp: &Isp,
    id: Id<Host>,
    (origins, families): (Origins, &[Family]),
) -> (Vec<Outside>, Vec<(Filter, Option<String>)>) {
    let (mut sessions, mut filters) = (Vec::new(), Vec::new());
    for side in routing::sides(isp, id) {
        let side = Told(side);
        for of in families {
            let Some(remote) = side.0.remote(isp, *of) else { continue };
            let (import, export, tables) = side.0.filters(isp, origins, *of);
            sessions.push(side.outside(isp, (*of, remote), (&import, &export, &tables)));
            let scope = side.scope(isp);
            filters.extend([(import, scope.clone()), (export, scope)]);
        }
    }
    (sessions, filters)
}

/// One end of a session, as BIRD is told of it.
struct Told<'a>(Side<'a>);

impl Told<'_> {
    /// A name for functions that are not those of the ISP's own policy.
    fn scope(&self, isp: &Isp) -> Option<String> {
        let own = self.0.neighbor.policy.filter(|id| Some(*id) != isp.about.policy);
        own.filter(|_| self.0.end == End::Ours)
            .map(|_| symbol(&isp.policy_for(self.0.neighbor).name))
    }

    fn outside(
        &self,
        isp: &Isp,
        (of, remote): (Family, IpAddr),
        (import, export, tables): (&Filter, &Filter, &[RoaTable]),
    ) -> Outside {
        let Side { neighbor, session, .. } = self.0;
        let (local_asn, remote_asn) = match self.0.end {
            End::Ours => (isp.about.asn.0, neighbor.asn.0),
            End::Theirs => (neighbor.asn.0, isp.about.asn.0),
        };
        let password = match of {
            Family::V4 => &neighbor.password4,
            Family::V6 => &neighbor.password6,
        };
        let comment = about(&neighbor.name, neighbor.description.as_deref());
        Outside {
            protocol: session.protocol(neighbor, of),
            description: comment.replace('"', "'"),
            comment,
            digit: of.digit(),
            local: self.0.local(isp, of),
            local_asn,
            remote,
            remote_asn,
            template: self.template(),
            role: self.role(),
            password: password.as_ref().map(|secret| secret_mark(&secret.0)),
            first_as: self.first_as(),
            link: Link {
                multihop: self.0.nic.is_none(),
                ttl_security: session.ttl_security && self.0.nic.is_some(),
                bfd: session.bfd,
            },
            import_table: !tables.is_empty(),
            export_table: !tables.is_empty() && neighbor.relation != Relation::Customer,
            import: bird::filter_name(import),
            export: bird::filter_name(export),
            receive_limit: self.receive_limit(of),
            export_limit: self.export_limit(isp, of),
        }
    }

    fn first_as(&self) -> Option<&'static str> {
        let server = self.0.neighbor.relation == Relation::RouteServer;
        let bare = self.0.session.role == Some(BgpRole::None);
        bare.then_some(if server { "off" } else { "on" })
    }

    fn template(&self) -> &'static str {
        if self.0.session.role == Some(BgpRole::None) {
            return "outside";
        }
        match self.0.relation() {
            Relation::Transit => "transits",
            Relation::RouteServer => "route_servers",
            Relation::Peer => "peers",
            Relation::Customer => "customers",
        }
    }

    /// A declared role that is not the one of the template.
    fn role(&self) -> Option<&'static str> {
        let role =
            self.0.session.role.filter(|role| *role != self.0.neighbor.relation.our_role())?;
        match (role, self.0.end) {
            (BgpRole::Provider, End::Ours) | (BgpRole::Customer, End::Theirs) => Some("provider"),
            (BgpRole::Customer, End::Ours) | (BgpRole::Provider, End::Theirs) => Some("customer"),
            (BgpRole::Peer, _) => Some("peer"),
            (BgpRole::RsClient, End::Ours) => Some("rs_client"),
            (BgpRole::RsClient, End::Theirs) => Some("rs_server"),
            (BgpRole::None, _) => None,
        }
    }

    /// The most routes that the other side may send, accepted or not (rule S1).
    fn receive_limit(&self, of: Family) -> u32 {
        match (self.0.end, of) {
            (End::Ours, Family::V4) => self.0.neighbor.limit4,
            (End::Ours, Family::V6) => self.0.neighbor.limit6,
            (End::Theirs, _) => (self.0.neighbor.told() == View::Default).then_some(10),
        }
        .unwrap_or_else(|| usual_limit(self.0.relation(), of))
    }

    /// A fuse against leaks: about what we have to tell, and some room.
    fn export_limit(&self, isp: &Isp, of: Family) -> Option<u32> {
        let room = 10;
        if self.0.end == End::Theirs {
            let cone = routing::cone(isp, self.0.neighbor);
            return Some(count(&cone, of) + room);
        }
        let told = room + own_routes(isp, of);
        let blackholes = 100;
        match (self.0.neighbor.relation, self.0.neighbor.told()) {
            (Relation::Customer, View::Full | View::FullAndDefault) => None,
            (Relation::Customer, View::Default) => Some(room),
            (Relation::Transit, _) if self.0.neighbor.blackhole.is_some() => {
                Some(told + blackholes)
            }
            (Relation::Transit | Relation::RouteServer | Relation::Peer, _)
            | (Relation::Customer, View::Own) => Some(told),
        }
    }
}

/// What is usual where no limit is declared: roughly double of what such neighbours sent in 2025.
fn usual_limit(relation: Relation, of: Family) -> u32 {
    match (relation, of) {
        (Relation::Transit, Family::V4) => 2_000_000,
        (Relation::Transit, Family::V6) => 500_000,
        (Relation::RouteServer | Relation::Peer, Family::V4) => 400_000,
        (Relation::RouteServer | Relation::Peer, Family::V6) => 200_000,
        (Relation::Customer, _) => 1_000,
    }
}

/// How many routes of our own and of customers there may be.
fn own_routes(isp: &Isp, of: Family) -> u32 {
    let own: Vec<IpNet> = isp.about.prefixes().collect();
    let customers = isp.neighbors_of(Relation::Customer).map(|customer| {
        let limit = match of {
            Family::V4 => customer.limit4,
            Family::V6 => customer.limit6,
        };
        limit.unwrap_or(4 * count(&routing::cone(isp, customer), of))
    });
    count(&own, of) + customers.sum::<u32>()
}

fn count(nets: &[IpNet], of: Family) -> u32 {
    u32::try_from(nets.iter().filter(|net| Family::of_net(**net) == of).count()).unwrap_or(u32::MAX)
}
