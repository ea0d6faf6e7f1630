//! What is told of every object: who answers for it, and what is near.

use super::{checks, duty, record};
use crate::depend::Dependencies;
use crate::group::Rule;
use model::Id;
use model::Isp;
use model::kinds::Duty;

/// More neighbours than this are no help.
const MOST: usize = 12;

/// One series for each object.
pub(super) fn records(isp: &Isp) -> Vec<Rule> {
    let known = Dependencies::of(isp);
    let one = |(object, owner): (&str, Option<Id<Duty>>)| {
        let near: Vec<&str> = known.near(object).into_iter().take(MOST).collect();
        let labels = [("object", object), ("duty", duty(isp, owner)), ("near", &near.join(", "))];
        record("ketupa:object:info", "1", &labels)
    };
    objects(isp).into_iter().map(one).collect()
}

/// Everything that alerts can be about, with who answers for it.
fn objects(isp: &Isp) -> Vec<(&str, Option<Id<Duty>>)> {
    let hosts = isp.hosts.values().map(|host| (host.at.key.as_str(), host.owner));
    let segments = isp.segments.values().map(|segment| (segment.at.key.as_str(), None));
    let vips = isp.vips.values().map(|vip| {
        let owner = vip.hosts.first().and_then(|id| isp.hosts[*id].owner);
        (vip.at.key.as_str(), owner)
    });
    let sessions =
        isp.sessions().map(|(_, session)| (session.at.key.as_str(), isp.hosts[session.host].owner));
    let services = isp.services.values().map(|service| (service.at.key.as_str(), service.owner));
    let certificates = isp.certificates.values();
    let certificates = certificates
        .map(|certificate| (certificate.at.key.as_str(), checks::presents(isp, certificate)));
    let backups =
        isp.backups.values().map(|backup| (backup.at.key.as_str(), isp.hosts[backup.to].owner));
    let all = hosts.chain(segments).chain(vips).chain(sessions).chain(services);
    all.chain(certificates).chain(backups).collect()
}
