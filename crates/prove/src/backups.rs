//! Backups: copies that survive what they are kept for.

use crate::tell::wrong_in;
use model::kinds::{Backup, Host, Site};
use model::{Finding, Id, Isp, Named as _};
use std::collections::BTreeSet;

/// The sites that a host dies with: its own, and that of its hypervisor.
fn sites(isp: &Isp, host: Id<Host>) -> BTreeSet<Id<Site>> {
    let host = &isp.hosts[host];
    host.on.map(|on| isp.hosts[on].site).into_iter().chain([host.site]).collect()
}

/// P8-SAME-SITE.
pub(crate) fn same_site(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for backup in isp.backups.values() {
        let kept = sites(isp, backup.to);
        let lost: Vec<Id<Host>> = isp
            .saved(backup)
            .into_iter()
            .filter(|source| !sites(isp, *source).is_disjoint(&kept))
            .collect();
        let Some(first) = lost.first().map(|id| &isp.hosts[*id]) else { continue };
        let (to, site) = (&isp.hosts[backup.to], isp.sites[isp.hosts[backup.to].site].name());
        let more = match lost.len() {
            1 => String::new(),
            2 => " and 1 more host".into(),
            many => format!(" and {} more hosts", many - 1),
        };
        let says = format!(
            "{} keeps copies of {}{more} on {}, at the same site {site}",
            backup.at.key,
            first.name(),
            to.name()
        );
        let finding = wrong_in(&backup.at, "to", says)
            .also(first.at.field("site"), "stands there")
            .also(to.at.field("site"), "so do the copies");
        let finding =
            lost.iter().fold(finding, |finding, id| finding.about(isp.hosts[*id].at.key.clone()));
        findings.push(finding.hint("keep them on a host at another site"));
    }
    findings
}

/// P8-NOTHING.
pub(crate) fn nothing(isp: &Isp) -> Vec<Finding> {
    let empty = |backup: &&Backup| backup.services.is_empty() && backup.hosts.is_empty();
    let told = |backup: &Backup| {
        let says = format!("{} saves nothing", backup.at.key);
        wrong_in(&backup.at, "services", says).hint("add `services = […]` or `hosts = […]`")
    };
    isp.backups.values().filter(empty).map(told).collect()
}

/// P8-KEEP: backups of which there is never one, or never a second.
pub(crate) fn keeps(isp: &Isp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for backup in isp.backups.values() {
        if backup.keep < 2 {
            let copies = if backup.keep == 1 { "one copy" } else { "no copy" };
            let says = format!("{} keeps {copies}", backup.at.key);
            let hint = "keep at least 2: the last one may hold the damage already";
            findings.push(wrong_in(&backup.at, "keep", says).hint(hint));
        }
        if backup.every.0 == 0 {
            let says = format!("{} has no time between two copies", backup.at.key);
            findings.push(wrong_in(&backup.at, "every", says).hint("write a time such as \"24h\""));
        }
    }
    findings
}
