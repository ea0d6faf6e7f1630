//! What stands on what, as the model says: hosts on hypervisors and at sites, services on hosts and behind
//! proxies, sessions on the hosts at their ends.

use model::ask::Family;
use model::kinds::{Host, Nic, SegmentKind, Session};
use model::{Id, Isp};
use std::collections::{BTreeMap, BTreeSet};

/// A part of an object that alerts by itself: a host's link to a segment, its BIRD.
pub(crate) fn part(object: &str, part: &str) -> String {
    [object, "@", part].concat()
}

/// The watch itself, as its alerts name it.
const WATCH: &str = "isp@watch";

/// What an object needs, by object.
#[derive(Clone, Debug, Default)]
pub struct Dependencies {
    needs: BTreeMap<String, Needs>,
}

/// What one object needs.
#[derive(Clone, Debug, Default)]
struct Needs {
    /// Without any one of these it does not work.
    all: BTreeSet<String>,
    /// One of each of these lists is enough.
    some: Vec<BTreeSet<String>>,
    /// How far it is from the ground: whatever it needs is lower.
    height: (u8, usize),
}

/// The heights of kinds: what is needed is lower than what needs it.
mod height {
    pub(super) const SITE: u8 = 0;
    pub(super) const SEGMENT: u8 = 1;
    pub(super) const HOST: u8 = 2;
    pub(super) const PART: u8 = 3;
    pub(super) const VIP: u8 = 4;
    pub(super) const SESSION: u8 = 5;
    pub(super) const SERVICE: u8 = 6;
    pub(super) const WATCHED: u8 = 7;
    pub(super) const UNKNOWN: u8 = 8;
}

impl Dependencies {
    /// Those of a provider.
    pub fn of(isp: &Isp) -> Self {
        let mut known = Self::default();
        known.put(WATCH, (height::SITE, 0), Vec::new());
        for site in isp.sites.values() {
            known.put(&site.at.key, (height::SITE, 0), Vec::new());
        }
        known.segments(isp);
        known.hosts(isp);
        known.vips(isp);
        known.sessions(isp);
        known.services(isp);
        known.asked(isp);
        known
    }

    fn put(&mut self, object: &str, height: (u8, usize), all: Vec<String>) {
        let all = all.into_iter().collect();
        let needs = Needs { all, some: Vec::new(), height };
        self.needs.insert(object.to_owned(), needs);
    }

    fn segments(&mut self, isp: &Isp) {
        for segment in isp.segments.values() {
            let site = segment.site.map(|id| isp.sites[id].at.key.clone());
            self.put(&segment.at.key, (height::SEGMENT, 0), site.into_iter().collect());
        }
    }

    fn hosts(&mut self, isp: &Isp) {
        for host in isp.hosts.values() {
            let key = &host.at.key;
            let below = host.on.map(|id| isp.hosts[id].at.key.clone());
            let site = isp.sites[host.site].at.key.clone();
            // Where nothing is heard of any host, that is told of the watch.
            let all = below.into_iter().chain([site, WATCH.to_owned()]).collect();
            self.put(key, (height::HOST, depth(isp, host)), all);
            for nic in &host.nic {
                let segment = isp.segments[nic.segment].at.key.clone();
                let link = part(key, &segment);
                self.put(&link, (height::PART, 0), vec![key.clone(), segment]);
            }
            let (bird, ospf) = (part(key, "bird"), part(key, "ospf"));
            self.put(&bird, (height::PART, 0), vec![key.clone()]);
            self.put(&ospf, (height::PART, 1), vec![bird]);
            let backbone = |nic: &&Nic| isp.segments[nic.segment].kind == SegmentKind::Backbone;
            let link = |nic: &Nic| part(key, &isp.segments[nic.segment].at.key);
            self.any(&ospf, vec![host.nic.iter().filter(backbone).map(link).collect()]);
        }
        self.inside(isp);
    }

    /// Internal sessions: a part of one end that needs both, and the way between their loopbacks.
    fn inside(&mut self, isp: &Isp) {
        for (id, host) in isp.hosts.iter() {
            for (_, peer) in isp.internal_peers(id) {
                let ends = [&host.at.key, &peer.at.key];
                let daemons = ["bird", "ospf"].iter().flat_map(|of| ends.map(|end| part(end, of)));
                let all = ends.into_iter().cloned().chain(daemons).collect();
                // Both ends tell of the same session: it is one.
                let between = part(ends[0].min(ends[1]), ends[0].max(ends[1]));
                self.put(&between, (height::PART, 2), all);
            }
        }
    }

    fn vips(&mut self, isp: &Isp) {
        for vip in isp.vips.values() {
            let segment = isp.segments[vip.segment].at.key.clone();
            self.put(&vip.at.key, (height::VIP, 0), vec![segment.clone()]);
            let keys = |id: &Id<Host>| isp.hosts[*id].at.key.clone();
            let hosts: BTreeSet<String> = vip.hosts.iter().map(keys).collect();
            // What takes the VIP from one host lets it go to another.
            let links = hosts.iter().map(|host| part(host, &segment)).collect();
            let daemons = hosts.iter().map(|host| part(host, "bird")).collect();
            self.any(&vip.at.key, vec![hosts, links, daemons]);
        }
    }

    fn sessions(&mut self, isp: &Isp) {
        for (_, session) in isp.sessions() {
            let mut all = ends(isp, session);
            let nic = Family::BOTH.into_iter().find_map(|family| session.nic(isp, family));
            if let Some(nic) = nic {
                let segment = isp.segments[nic.segment].at.key.clone();
                let links: Vec<String> = all.iter().map(|end| part(end, &segment)).collect();
                all.extend(links);
                all.push(segment);
            }
            let daemons: Vec<String> =
                ends(isp, session).iter().map(|end| part(end, "bird")).collect();
            all.extend(daemons);
            self.put(&session.at.key, (height::SESSION, 0), all);
        }
    }

    fn services(&mut self, isp: &Isp) {
        let fronts: BTreeSet<String> = isp.front_vips().map(|vip| vip.at.key.clone()).collect();
        let proxies: BTreeSet<String> =
            isp.with_role(model::kinds::Role::Proxy).map(|(_, host)| host.at.key.clone()).collect();
        for certificate in isp.certificates.values() {
            self.put(&certificate.at.key, (height::SESSION, 1), Vec::new());
            let front = if fronts.is_empty() { proxies.clone() } else { fronts.clone() };
            self.any(&certificate.at.key, vec![front]);
        }
        for service in isp.services.values() {
            let shown = service.certificate.map(|id| isp.certificates[id].at.key.clone());
            self.put(&service.at.key, (height::SERVICE, 0), shown.into_iter().collect());
            let hosts = service.hosts.iter().map(|id| isp.hosts[*id].at.key.clone()).collect();
            let front = if fronts.is_empty() { proxies.clone() } else { fronts.clone() };
            self.any(&service.at.key, vec![hosts, front]);
        }
    }

    /// That things are asked after: a part of them, which needs one of those who ask. And that copies are made,
    /// which needs the host that keeps them, and for each host that host.
    fn asked(&mut self, isp: &Isp) {
        for id in &isp.watch.places {
            let key = &isp.hosts[*id].at.key;
            self.put(&part(key, "place"), (height::PART, 0), vec![key.clone()]);
        }
        let asker = |id: &Id<Host>| {
            let key = isp.hosts[*id].at.key.clone();
            if isp.watch.places.contains(id) { part(&key, "place") } else { key }
        };
        for check in derive::checks::of(isp) {
            let asked = part(&check.object, "watch");
            if !self.needs.contains_key(&asked) {
                self.put(&asked, (height::WATCHED, 0), Vec::new());
            }
            self.any(&asked, vec![check.from.iter().map(asker).collect()]);
        }
        for backup in isp.backups.values() {
            let keeps = isp.hosts[backup.to].at.key.clone();
            self.put(&backup.at.key, (height::WATCHED, 0), vec![keeps.clone()]);
            for host in isp.saved(backup).into_iter().map(|id| &isp.hosts[id]) {
                let made = part(&backup.at.key, &host.name);
                let needs = vec![backup.at.key.clone(), host.at.key.clone(), keeps.clone()];
                self.put(&made, (height::WATCHED, 1), needs);
            }
        }
    }

    /// Adds lists of which one is enough; who is alone in one is needed.
    fn any(&mut self, object: &str, lists: Vec<BTreeSet<String>>) {
        let Some(needs) = self.needs.get_mut(object) else { return };
        for list in lists {
            match list.len() {
                0 => {}
                1 => needs.all.extend(list),
                _ => needs.some.push(list),
            }
        }
    }

    /// What an object needs, directly; with what is spared by another.
    pub(crate) fn direct(&self, object: &str) -> impl Iterator<Item = &String> {
        let needs = self.needs.get(object);
        let some = needs.into_iter().flat_map(|needs| needs.some.iter().flatten());
        needs.into_iter().flat_map(|needs| &needs.all).chain(some)
    }

    /// What it cannot be without.
    pub(crate) fn vital(&self, object: &str) -> impl Iterator<Item = &String> {
        self.needs.get(object).into_iter().flat_map(|needs| &needs.all)
    }

    /// How far it is from the ground.
    pub(crate) fn height(&self, object: &str) -> (u8, usize) {
        self.needs.get(object).map_or((height::UNKNOWN, 0), |needs| needs.height)
    }

    /// What it needs and what needs it, without parts; sorted.
    pub(crate) fn near(&self, object: &str) -> Vec<&str> {
        let whole = |name: &&String| !name.contains('@');
        let below = self.direct(object).filter(whole);
        let above = self.needs.iter().filter(|(_, needs)| {
            needs.all.contains(object) || needs.some.iter().any(|list| list.contains(object))
        });
        let above = above.map(|(name, _)| name).filter(whole);
        let all: BTreeSet<&str> = below.chain(above).map(String::as_str).collect();
        all.into_iter().filter(|near| *near != object).collect()
    }
}

fn ends(isp: &Isp, session: &Session) -> Vec<String> {
    let ends = [Some(session.host), session.remote].into_iter().flatten();
    ends.map(|id| isp.hosts[id].at.key.clone()).collect()
}

/// How many machines are below a host; a circle of them ends somewhere.
fn depth(isp: &Isp, host: &Host) -> usize {
    let below = std::iter::successors(host.on, |id| isp.hosts[*id].on);
    below.take(isp.hosts.len()).count()
}
