//! BGP with other networks: one protocol for each session and family, and the other end of a
//! session where the neighbour's router is ours too.

use super::own::about;
use super::parameters::{self, Origins, family, network, relation, symbol};
use component::tree::secret_mark;
use ipnet::IpNet;
use model::ask::Family;
use model::kinds::{BgpRole, Host, Neighbor, Nic, Relation, Session, View};
use model::{Id, Isp};
use policy::standard::{self, Parameters};
use policy::{
    Action, Condition, Filter, PrefixPattern, PrefixSet, Reason, RoaTable, Source, Statement, bird,
};
use serde::Serialize;
use std::net::IpAddr;
use std::ops::Not as _;

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

/// One end of a declared session, seen from the host that it is on.
pub(super) struct Side<'a> {
    pub(super) neighbor: &'a Neighbor,
    pub(super) session: &'a Session,
    pub(super) nic: Option<&'a Nic>,
    end: End,
}

/// Which end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The provider's.
    Ours,
    /// The neighbour's, where its router is one of ours.
    Theirs,
}

/// Every end of a session that a host holds, by neighbour, then session.
pub(super) fn sides(isp: &Isp, id: Id<Host>) -> Vec<Side<'_>> {
    let ours = isp.sessions_of(id).into_iter().map(|(neighbor, session)| {
        let nic = Family::BOTH.into_iter().find_map(|family| session.nic(isp, family));
        Side { neighbor, session, nic, end: End::Ours }
    });
    let theirs = isp.sessions().filter(|(_, session)| session.remote == Some(id));
    let theirs = theirs.map(|(neighbor, session)| {
        let held = |nic: &&Nic| {
            Family::BOTH
                .into_iter()
                .any(|f| session.address(f).is_some_and(|a| nic.address(f) == Some(a)))
        };
        let nic = isp.hosts[id].nic.iter().find(held);
        Side { neighbor, session, nic, end: End::Theirs }
    });
    ours.chain(theirs).collect()
}

/// The sessions of a router with other networks, and their filters.
pub(super) fn sessions(
    isp: &Isp,
    id: Id<Host>,
    (origins, families): (Origins, &[Family]),
) -> (Vec<Outside>, Vec<(Filter, Option<String>)>) {
    let (mut sessions, mut filters) = (Vec::new(), Vec::new());
    for side in sides(isp, id) {
        for of in families {
            let Some(remote) = side.remote(isp, *of) else { continue };
            let (import, export, tables) = side.filters(isp, origins, *of);
            sessions.push(side.outside(isp, (*of, remote), (&import, &export, &tables)));
            let scope = side.scope(isp);
            filters.extend([(import, scope.clone()), (export, scope)]);
        }
    }
    (sessions, filters)
}

impl Side<'_> {
    /// The other end's address.
    fn remote(&self, isp: &Isp, of: Family) -> Option<IpAddr> {
        match self.end {
            End::Ours => self.session.address(of),
            End::Theirs => self.session.address(of).and(self.session.local(isp, of)),
        }
    }

    /// Our own end's address.
    fn local(&self, isp: &Isp, of: Family) -> Option<IpAddr> {
        match self.end {
            End::Ours => {
                let host = &isp.hosts[self.session.host];
                self.session.local(isp, of).or_else(|| host.main_address(isp, of))
            }
            End::Theirs => self.session.address(of),
        }
    }

    /// A name for functions that are not those of the ISP's own policy.
    fn scope(&self, isp: &Isp) -> Option<String> {
        let own = self.neighbor.policy.filter(|id| Some(*id) != isp.about.policy);
        own.filter(|_| self.end == End::Ours).map(|_| symbol(&isp.policy_for(self.neighbor).name))
    }

    fn outside(
        &self,
        isp: &Isp,
        (of, remote): (Family, IpAddr),
        (import, export, tables): (&Filter, &Filter, &[RoaTable]),
    ) -> Outside {
        let Self { neighbor, session, .. } = self;
        let (local_asn, remote_asn) = match self.end {
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
            local: self.local(isp, of),
            local_asn,
            remote,
            remote_asn,
            template: self.template(),
            role: self.role(),
            password: password.as_ref().map(|secret| secret_mark(&secret.0)),
            first_as: self.first_as(),
            link: Link {
                multihop: self.nic.is_none(),
                ttl_security: session.ttl_security && self.nic.is_some(),
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
        let server = self.neighbor.relation == Relation::RouteServer;
        let bare = self.session.role == Some(BgpRole::None);
        bare.then_some(if server { "off" } else { "on" })
    }

    /// What the neighbour is to the host.
    fn relation(&self) -> Relation {
        match self.end {
            End::Ours => self.neighbor.relation,
            End::Theirs => Relation::Transit,
        }
    }

    fn template(&self) -> &'static str {
        if self.session.role == Some(BgpRole::None) {
            return "outside";
        }
        match self.relation() {
            Relation::Transit => "transits",
            Relation::RouteServer => "route_servers",
            Relation::Peer => "peers",
            Relation::Customer => "customers",
        }
    }

    /// A declared role that is not the one of the template.
    fn role(&self) -> Option<&'static str> {
        let role = self.session.role.filter(|role| *role != self.neighbor.relation.our_role())?;
        match (role, self.end) {
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
        match (self.end, of) {
            (End::Ours, Family::V4) => self.neighbor.limit4,
            (End::Ours, Family::V6) => self.neighbor.limit6,
            (End::Theirs, _) => (self.neighbor.told() == View::Default).then_some(10),
        }
        .unwrap_or_else(|| usual_limit(self.relation(), of))
    }

    /// A fuse against leaks: about what we have to tell, and some room.
    fn export_limit(&self, isp: &Isp, of: Family) -> Option<u32> {
        let room = 10;
        if self.end == End::Theirs {
            let cone = parameters::cone(isp, self.neighbor);
            return Some(count(&cone, of) + room);
        }
        let told = room + own_routes(isp, of);
        let blackholes = 100;
        match (self.neighbor.relation, self.neighbor.told()) {
            (Relation::Customer, View::Full | View::FullAndDefault) => None,
            (Relation::Customer, View::Default) => Some(room),
            (Relation::Transit, _) if self.neighbor.blackhole.is_some() => Some(told + blackholes),
            (Relation::Transit | Relation::RouteServer | Relation::Peer, _)
            | (Relation::Customer, View::Own) => Some(told),
        }
    }

    /// Import and export filter, and the tables of validated origins that they look at.
    fn filters(&self, isp: &Isp, origins: Origins, of: Family) -> (Filter, Filter, Vec<RoaTable>) {
        if self.end == End::Theirs {
            return self.mirrored(isp, of);
        }
        let network = network(isp, &isp.policy_for(self.neighbor), origins);
        let tables = network.roa_tables.clone();
        let session = parameters::session(isp, (self.neighbor, self.session), of);
        let parameters = Parameters { network, session };
        let relation = relation(self.neighbor.relation);
        (standard::import(relation, &parameters), standard::export(relation, &parameters), tables)
    }

    /// The filters of a router of ours that is our neighbour: it takes what it asked to hear, and
    /// tells the prefixes that it routes.
    fn mirrored(&self, isp: &Isp, of: Family) -> (Filter, Filter, Vec<RoaTable>) {
        let name = symbol(&format!("{}-{}", self.neighbor.name, self.session.name));
        let bits = family(of).suffix();
        let cone = parameters::cone(isp, self.neighbor);
        let patterns: Vec<_> = cone.into_iter().map(PrefixPattern::or_longer).collect();
        let own = PrefixSet::named(&format!("own_pools_{bits}"), family(of), &patterns);
        let filter = |direction: &str, about: &str, body: Vec<Statement>| Filter {
            name: format!("{direction}_{name}_{bits}"),
            about: about.to_owned(),
            family: family(of),
            body,
            otherwise: None,
        };
        let foreign = Statement::refuse(Condition::Net(own.clone()), Reason::OWN_PREFIX);
        let heard = match self.neighbor.told() {
            View::Default => {
                let whole = PrefixPattern::exact(family(of).whole());
                let whole = Condition::Net(PrefixSet::inline(family(of), &[whole]));
                Statement::refuse(whole.not(), Reason::NOT_ASKED)
            }
            View::Full | View::FullAndDefault | View::Own => foreign,
        };
        let preference = Statement::Do(Action::SetLocalPref(100));
        let made = Condition::Source(vec![Source::Static]).and(Condition::Net(own));
        let told = Statement::refuse(made.not(), Reason::NOT_OURS);
        let import = filter("import", "What our provider tells us.", vec![heard, preference]);
        let export = filter("export", "What we route, and nothing else.", vec![told]);
        (import, export, Vec::new())
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
        limit.unwrap_or(4 * count(&parameters::cone(isp, customer), of))
    });
    count(&own, of) + customers.sum::<u32>()
}

fn count(nets: &[IpNet], of: Family) -> u32 {
    u32::try_from(nets.iter().filter(|net| Family::of_net(**net) == of).count()).unwrap_or(u32::MAX)
}
