//! The work as this program does it: at the desk, through the libraries behind `ketupa plan` and `apply`.

use component::tree::{Directory, File, HostTree, OnChange, Unit, User, UserSort};
use component::{Template, Templates};
use converge::{Act, Job, Outcome, Report, Trouble, Vault, converge_all};
use machine::{Executor, Rights, Ssh};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The files' templates, which all tools render.
const TEMPLATES: [Template; 10] = [
    Template { name: "bird.conf", text: include_str!("work/templates/bird.conf.j2") },
    Template { name: "chrony.conf", text: include_str!("work/templates/chrony.conf.j2") },
    Template { name: "haproxy.cfg", text: include_str!("work/templates/haproxy.cfg.j2") },
    Template { name: "motd", text: include_str!("work/templates/motd.j2") },
    Template { name: "nftables.conf", text: include_str!("work/templates/nftables.conf.j2") },
    Template { name: "resolv.conf", text: include_str!("work/templates/resolv.conf.j2") },
    Template { name: "rsyslog.conf", text: include_str!("work/templates/rsyslog.conf.j2") },
    Template { name: "sysctl.conf", text: include_str!("work/templates/sysctl.conf.j2") },
    Template { name: "telegraf.conf", text: include_str!("work/templates/telegraf.conf.j2") },
    Template { name: "unbound.conf", text: include_str!("work/templates/unbound.conf.j2") },
];
/// The rest of the work, which all tools read.
const WORK: &str = include_str!("work/work.json");

/// Each file's name and text on the host with this number, by name.
pub(super) fn files(number: usize) -> Result<Vec<(&'static str, String)>, String> {
    let templates = Templates::new(TEMPLATES, &BTreeMap::new()).map_err(|e| e.to_string())?;
    let context = serde_json::json!({ "number": number, "domain": "isp.example" });
    let render = |template: Template| {
        let text = templates.render(template.name, &context).map_err(|e| e.to_string())?;
        Ok((template.name, text))
    };
    TEMPLATES.into_iter().map(render).collect()
}

/// `plan|apply CONFIG HOSTS`: one run, at the desk.
pub(in super::super) fn one(words: &[String]) -> Result<String, String> {
    let [act, config, hosts] = words else {
        return Err("usage: converge-one plan|apply CONFIG HOSTS".into());
    };
    let act = if act == "apply" { Act::Apply } else { Act::Plan };
    let hosts: usize = hosts.parse().map_err(|_| format!("`{hosts}` is no number"))?;
    let executor = std::fs::read("/opt/bench/ketupa-host").map_err(|error| error.to_string())?;
    let executor = Executor::new(executor)?;
    let rights = if act == Act::Apply { Rights::Change } else { Rights::Look };
    let numbers = std::fs::read_to_string("/opt/bench/hosts").map_err(|e| e.to_string())?;
    let numbers = numbers.split_whitespace().filter_map(|word| word.parse().ok());
    let ways = numbers.take(hosts).map(|number: usize| {
        let address = format!("10.9.0.{number}");
        let ssh = Ssh::new(address.clone(), address, executor.clone(), rights);
        Ok((tree(number)?, ssh.with_config(Some(Path::new(config)))))
    });
    let ways: Vec<(HostTree, Ssh)> = ways.collect::<Result<_, String>>()?;
    let jobs: Vec<Job<'_>> =
        ways.iter().map(|(desired, machine)| Job { desired, machine }).collect();
    let reports = converge_all(&jobs, act, &Empty, hosts, &|_, _| {});
    let failed: Vec<String> = reports.values().filter_map(trouble).collect();
    if failed.is_empty() { Ok(String::new()) } else { Err(failed.join("\n")) }
}

/// What went wrong on a host.
fn trouble(report: &Result<Report, Trouble>) -> Option<String> {
    match report {
        Err(trouble) => Some(trouble.to_string()),
        Ok(Report { outcome: None | Some(Outcome::Unchanged | Outcome::Done { .. }), .. }) => None,
        Ok(Report { outcome: Some(other), .. }) => Some(format!("{other:?}")),
    }
}

/// What is in the file that all tools read.
#[derive(serde::Deserialize)]
struct Work {
    packages: BTreeSet<String>,
    unix_groups: Vec<Named>,
    users: Vec<Named>,
}

/// A group or a user.
#[derive(serde::Deserialize)]
struct Named {
    name: String,
    gid: Option<u32>,
    uid: Option<u32>,
}

/// What a host shall hold.
fn tree(number: usize) -> Result<HostTree, String> {
    let work: Work = serde_json::from_str(WORK).map_err(|error| error.to_string())?;
    let user = |user: Named| {
        let declared = User {
            uid: user.uid,
            home: format!("/home/{}", user.name),
            shell: "/bin/bash".into(),
            comment: None,
            groups: ["bench-ops".to_owned()].into(),
            sort: UserSort::Person,
        };
        (user.name, declared)
    };
    let directory = Directory { mode: 0o755, owner: "root".into(), group: "root".into() };
    let files = files(number)?.into_iter();
    let files = files.map(|(name, text)| (format!("/etc/bench/{name}"), File::public(text)));
    let unit = Unit {
        on_change: OnChange::Reload,
        reads: vec!["/etc/bench/".into()],
        after: Vec::new(),
        cuts_off: false,
    };
    Ok(HostTree {
        files: files.collect(),
        packages: work.packages,
        groups: work.unix_groups.into_iter().map(|group| (group.name, group.gid)).collect(),
        users: work.users.into_iter().map(user).collect(),
        directories: [("/etc/bench".to_owned(), directory)].into(),
        units: [("bench.service".to_owned(), unit)].into(),
        ..HostTree::default()
    })
}

/// No file of this work has secrets.
struct Empty;

impl Vault for Empty {
    fn reveal(&self, reference: &str) -> Result<String, converge::NoSecret> {
        Err(converge::NoSecret::new(reference, "there are none here"))
    }
}
