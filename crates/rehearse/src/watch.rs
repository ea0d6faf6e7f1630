//! Agents in a rehearsal: they are left out, because what they ask and send is traffic, too, and nobody plays
//! the server.

use component::{HostTree, Tree};

/// The agent's unit.
const AGENT: &str = "ketupa-agent.service";
/// Where it reads what others tell.
const TEXTFILE: &str = "/var/lib/prometheus/text";

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
    tree.directories.remove(TEXTFILE);
    tree.groups.remove("ketupa");
    tree.probes.retain(|probe| probe.name != "the agent answers");
}

#[cfg(test)]
mod tests {
    use super::*;
    use component::{File, OnChange, Unit};

    /// What an agent is told.
    const CONFIG: &str = "/etc/ketupa/agent.toml";

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
        let hosts = [("probe", agent()), ("router", router)];
        let hosts = hosts.into_iter().map(|(name, tree)| (name.to_owned(), tree)).collect();
        let left = without_agents(Tree { hosts });
        let names: Vec<&String> = left.hosts.keys().collect();
        assert_eq!(names, ["router"]);
        let files: Vec<&String> = left.hosts["router"].files.keys().collect();
        assert_eq!(files, ["/etc/bird/bird.conf"]);
        assert!(left.hosts["router"].units.is_empty());
    }
}
