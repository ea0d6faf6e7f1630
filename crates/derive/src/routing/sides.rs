//! The sessions of a router with other networks, and the other end of those whose far router is ours
//! too: with whom, between which addresses, under which filters.

use super::parameters::{self, Origins, family, network, relation, symbol};
use model::Id;
use model::Isp;
use model::ask::Family;
use model::kinds::{Host, Neighbor, Nic, Relation, Session, View};
use policy::standard::{self, Parameters};
use policy::{
    Action, Condition, Filter, PrefixPattern, PrefixSet, Reason, RoaTable, Source, Statement,
};
use std::net::IpAddr;
use std::ops::Not as _;

/// One end of a declared session, seen from the host that it is on.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The neighbour.
    pub neighbor: &'a Neighbor,
    /// The session.
    pub session: &'a Session,
    /// The host's interface towards the other end.
    pub nic: Option<&'a Nic>,
    /// Which end it is.
    pub end: End,
}

/// Which end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The provider's.
    Ours,
    /// The neighbour's, where its router is one of ours.
    Theirs,
}

/// Every end of a session that a host holds, by neighbour, then session.
pub fn sides(isp: &Isp, id: Id<Host>) -> Vec<Side<'_>> {
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

impl Side<'_> {
    /// The other end's address.
    pub fn remote(&self, isp: &Isp, of: Family) -> Option<IpAddr> {
        match self.end {
            End::Ours => self.session.address(of),
            End::Theirs => self.session.address(of).and(self.session.local(isp, of)),
        }
    }

    /// Our own end's address.
    pub fn local(&self, isp: &Isp, of: Family) -> Option<IpAddr> {
        match self.end {
            End::Ours => {
                let host = &isp.hosts[self.session.host];
                self.session.local(isp, of).or_else(|| host.main_address(isp, of))
            }
            End::Theirs => self.session.address(of),
        }
    }

    /// What the neighbour is to the host.
    pub fn relation(&self) -> Relation {
        match self.end {
            End::Ours => self.neighbor.relation,
            End::Theirs => Relation::Transit,
        }
    }

    /// Import and export filter, and the tables of validated origins that they look at.
    pub fn filters(
        &self,
        isp: &Isp,
        origins: Origins,
        of: Family,
    ) -> (Filter, Filter, Vec<RoaTable>) {
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
