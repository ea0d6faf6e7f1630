//! What is on hosts: the way in, and that nothing is said twice.

use crate::tell::{twice, wrong_in};
use model::kinds::{Account, Host, On};
use model::{At, Finding, Id, Isp, Named as _};

/// The shells that let nobody in.
const CLOSED: [&str; 4] = ["/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"];

/// P1-WAY-IN.
pub(crate) fn ways_in(isp: &Isp) -> Vec<Finding> {
    let managed = isp.hosts.iter().filter(|(_, host)| host.managed);
    managed.filter_map(|(id, host)| way_in(isp, id, host)).collect()
}

fn way_in(isp: &Isp, id: Id<Host>, host: &Host) -> Option<Finding> {
    let login = host.ssh.as_ref().and_then(|ssh| ssh.0.split_once('@')).map(|(user, _)| user);
    let account = &isp.accounts[isp.accounts.find(login?)?];
    if !On::means(&account.on, id, host) {
        return None;
    }
    let (key, why, hint) = if CLOSED.contains(&account.shell.0.as_str()) {
        ("shell", "has a shell that lets nobody in", "give it a shell such as \"/bin/bash\"")
    } else if account.keys.is_empty() {
        ("keys", "has no key", "declare at least one key in `keys`")
    } else {
        return None;
    };
    let says = format!("{} is what ssh logs in to {} as, and {why}", account.at.key, host.name());
    let finding = wrong_in(&account.at, key, says).about(host.at.key.clone());
    Some(finding.also(host.at.field("ssh"), "says so").hint(hint))
}

/// P1-TWICE.
pub(crate) fn twice_on_a_host(isp: &Isp) -> Vec<Finding> {
    let managed = isp.hosts.iter().filter(|(_, host)| host.managed);
    let mut findings: Vec<Finding> =
        managed.flat_map(|(id, host)| on_host(isp, id, host)).collect();
    // What is said twice everywhere is told once.
    let mut told: Vec<(String, String)> = Vec::new();
    findings.retain(|finding| {
        let about = (finding.says.clone(), format!("{:?}", finding.place));
        let new = !told.contains(&about);
        told.push(about);
        new
    });
    findings
}

fn on_host(isp: &Isp, id: Id<Host>, host: &Host) -> Vec<Finding> {
    let here = |on: &[On]| On::means(on, id, host);
    let directories = isp.directories.values().filter(|one| here(&one.on));
    let links = isp.links.values().filter(|one| here(&one.on));
    let mounts = isp.mounts.values().filter(|one| here(&one.on));
    let accounts = isp.accounts.values().filter(|one| here(&one.on));
    let places = directories.map(|one| (one.path.0.clone(), &one.at));
    let places = places.chain(links.map(|one| (one.path.0.clone(), &one.at)));
    let places = places.chain(accounts.flat_map(keys)).map(|(path, at)| (path, (at, "path")));
    let mounted = mounts.map(|one| (one.path.0.clone(), (&one.at, "path")));
    let packages = isp.packages.values().filter(|one| here(&one.on));
    let packages = packages.map(|one| (one.package.0.clone(), (&one.at, "package")));
    let all = [twice(places), twice(mounted), twice(packages)].into_iter().flatten();
    all.map(|(what, (first, key), (again, _))| said_twice(&what, key, first, again)).collect()
}

/// The paths that an account's keys take.
fn keys(account: &Account) -> Vec<(String, &At)> {
    if account.keys.is_empty() {
        return Vec::new();
    }
    let directory = format!("{}/.ssh", account.home.0);
    vec![(format!("{directory}/authorized_keys"), &account.at), (directory, &account.at)]
}

fn said_twice(what: &str, key: &str, first: &At, again: &At) -> Finding {
    let says = format!("{what} is declared by {} and by {} on one host", first.key, again.key);
    wrong_in(again, key, says)
        .about(first.key.clone())
        .also(first.field(key), "first here")
        .hint("leave one of them out, or say with `on` which host has which")
}
