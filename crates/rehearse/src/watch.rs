//! Agents in a rehearsal: they run where that is asked for, because what they ask and send is traffic, too.

use crate::elsewhere::{self, Elsewhere};
use component::{File, HostTree, Tree};
use model::{Isp, Named as _};
use std::collections::BTreeMap;

/// The agent's unit.
const AGENT: &str = "ketupa-agent.service";
/// What it is told.
const CONFIG: &str = "/etc/ketupa/agent.toml";
/// How it follows the journal.
const JOURNAL: &str = "\n[[log]]\njournal = true\n";
/// Whom daemons believe on Debian.
pub(crate) const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The same hosts without their agents. Who has nothing else is not there.
pub fn without_agents(mut tree: Tree) -> Tree {
    for host in tree.hosts.values_mut() {
        leave_out(host);
    }
    tree.hosts.retain(|_, host| *host != HostTree::default());
    tree
}

fn leave_out(tree: &mut HostTree) {
    let Some(unit) = tree.units.remove(AGENT) else { return };
    tree.files.remove(&format!("/etc/systemd/system/{AGENT}"));
    for path in &unit.reads {
        tree.files.remove(path);
    }
    // What tells it of backups has nobody to tell.
    let tells = ["/ketupa-backup@.service", ".service.d/ketupa-backup-"];
    tree.files.retain(|path, _| !tells.iter().any(|part| path.contains(part)));
    tree.groups.remove("ketupa");
    tree.users.remove("ketupa-agent");
    tree.directories.remove("/var/lib/ketupa-text");
    tree.probes.retain(|probe| probe.name != "the agent answers");
    leave_disks(tree);
    tree.directories.remove("/var/lib/ketupa-smart");
}

/// Disks of a rehearsal are those of the machine below, and are not asked for their health.
fn leave_disks(tree: &mut HostTree) {
    if tree.units.remove("ketupa-agent-smart.timer").is_some() {
        tree.packages.remove("smartmontools");
        tree.files.retain(|path, _| !path.contains("/ketupa-agent-smart."));
    }
}

/// Whether a host has an agent.
pub(crate) fn has_agent(tree: &HostTree) -> bool {
    tree.units.contains_key(AGENT)
}

/// Makes agents fit for the stage. Says what is played.
pub(crate) fn prepare(
    isp: &Isp,
    away: &Elsewhere,
    trees: &mut BTreeMap<String, HostTree>,
) -> Vec<String> {
    let names = elsewhere::names(isp, away);
    let mut count = 0;
    for (id, host) in isp.hosts.iter() {
        let Some(tree) = trees.get_mut(host.name()).filter(|tree| has_agent(tree)) else {
            continue;
        };
        count += 1;
        leave_disks(tree);
        if let Some(config) = tree.files.get_mut(CONFIG) {
            config.text = config.text.replace(JOURNAL, "");
        }
        if let Some(addresses) = away.get(&id) {
            elsewhere::network(addresses, tree);
        }
        let hosts = tree.files.entry("/etc/hosts".to_owned());
        let own = || File::public("127.0.0.1 localhost\n::1 localhost\n");
        hosts.or_insert_with(own).text.push_str(&names);
    }
    if count == 0 {
        return Vec::new();
    }
    let says =
        format!("{count} hosts: the agent is `ketupa agent`, and there is no journal to follow");
    [says].into_iter().chain(elsewhere::stand_ins(isp, trees)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use component::{OnChange, Unit};

    fn agent() -> HostTree {
        let mut tree = HostTree::default();
        tree.files.insert(CONFIG.into(), File::public("x"));
        tree.files.insert(format!("/etc/systemd/system/{AGENT}"), File::public("[Unit]\n"));
        let reads = vec![CONFIG.to_owned()];
        let unit = Unit { on_change: OnChange::Restart, reads, after: Vec::new(), cuts_off: false };
        tree.units.insert(AGENT.into(), unit);
        tree
    }

    #[test]
    fn who_has_nothing_but_an_agent_is_not_there_without_it() {
        let mut router = agent();
        router.files.insert("/etc/bird/bird.conf".into(), File::public("y"));
        router
            .files
            .insert("/etc/systemd/system/ketupa-agent-smart.timer".into(), File::public("z"));
        router.packages.insert("smartmontools".into());
        let timer =
            Unit { on_change: OnChange::Restart, reads: vec![], after: vec![], cuts_off: false };
        router.units.insert("ketupa-agent-smart.timer".into(), timer);
        let hosts = [("probe", agent()), ("router", router)];
        let hosts = hosts.into_iter().map(|(name, tree)| (name.to_owned(), tree)).collect();
        let left = without_agents(Tree { hosts });
        let names: Vec<&String> = left.hosts.keys().collect();
        assert_eq!(names, ["router"]);
        let files: Vec<&String> = left.hosts["router"].files.keys().collect();
        assert_eq!(files, ["/etc/bird/bird.conf"]);
        assert!(left.hosts["router"].units.is_empty() && left.hosts["router"].packages.is_empty());
    }
}
