//! From the declared watch to the agent of one host: the program, its file, its token and its unit.

use super::backup;
use super::probe::{self, quoted};
use super::smart;
use component::tree::secret_mark;
use component::{
    Directory, File, HostTree, OnChange, Probe, TemplateError, Templates, Unit, User, UserSort,
};
use derive::checks::{self, Check, Question};
use model::kinds::{Host, Role, RtrServer, Serve};
use model::value::{Secret, Teller};
use model::{Id, Isp, Named as _};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

const PROGRAM: &str = "/usr/local/lib/ketupa/ketupa-agent";
const CONFIG: &str = "/etc/ketupa/agent.toml";
const TOKEN: &str = "/etc/ketupa/agent.token";
const UNIT: &str = "ketupa-agent.service";
/// What is shown to another server that takes lines of logs.
const LOGS_TOKEN: &str = "/etc/ketupa/logs.token";
/// Who may read the token.
const GROUP: &str = "ketupa";
/// As whom the agent runs: by the name of its unit, systemd takes it instead of one that it makes up for a
/// while. Debian's dbus, which is asked about units, lets nobody in whom the host itself does not know.
const USER: &str = "ketupa-agent";
/// Where others leave files of metrics, which the agent tells.
pub(super) const TEXT: &str = "/var/lib/ketupa-text";
const PORT: u16 = 9100;

/// What the templates ask for.
#[derive(Serialize)]
struct Context {
    program: &'static str,
    config: &'static str,
    textfile: &'static str,
    smart: Option<&'static str>,
    port: u16,
    instance: String,
    url: String,
    token: Option<&'static str>,
    logs: Option<String>,
    logs_token: Option<&'static str>,
    interval: u64,
    scrapes: Vec<Scrape>,
    probes: Vec<Vec<String>>,
    groups: Vec<&'static str>,
    echoes: bool,
}

/// A daemon of the host that tells metrics of its own.
#[derive(Serialize)]
struct Scrape {
    job: String,
    url: String,
}

pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let asked = templates.once(|| Asked::of(isp));
    let asked = asked.0.get(&id).map_or(&[][..], Vec::as_slice);
    let context = context(isp, id, asked);
    let mut tree = HostTree::default();
    tree.users.insert(USER.into(), user());
    let directory = Directory { mode: 0o755, owner: "root".into(), group: "root".into() };
    tree.directories.insert(TEXT.into(), directory);
    backup::told(&mut tree, isp, id, templates)?;
    smart::asked(&mut tree, &isp.hosts[id], templates)?;
    let config = templates.render("agent/agent.toml", &context)?;
    let unit = templates.render("agent/service", &context)?;
    let mut reads = vec![CONFIG.to_owned(), PROGRAM.to_owned()];
    tree.files.insert(CONFIG.into(), File::public(config));
    tree.files.insert(PROGRAM.into(), File::program("ketupa-agent"));
    tree.files.insert(format!("/etc/systemd/system/{UNIT}"), File::public(unit));
    for (path, token) in tokens(isp) {
        let text = format!("{}\n", secret_mark(&token.0));
        tree.groups.insert(GROUP.into(), None);
        tree.files.insert(path.into(), File::private(text, GROUP));
        reads.push(path.into());
    }
    let after = vec!["networking.service".to_owned()];
    let unit = Unit { on_change: OnChange::Restart, reads, after, cuts_off: false };
    tree.units.insert(UNIT.into(), unit);
    let asks = format!("ss -Hltn 'sport = :{PORT}' | grep -q .");
    tree.probes.push(Probe {
        name: "the agent answers".into(),
        command: ["sh", "-c", &asks].map(str::to_owned).into(),
        within_s: 10,
    });
    Ok(tree)
}

/// What is shown to servers, and where it is.
fn tokens(isp: &Isp) -> impl Iterator<Item = (&'static str, &Secret)> {
    let own = isp.watch.token.as_ref().map(|token| (TOKEN, token));
    let logs = isp.watch.logs.as_ref().and(isp.watch.logs_token.as_ref());
    own.into_iter().chain(logs.map(|token| (LOGS_TOKEN, token)))
}

fn user() -> User {
    User {
        uid: None,
        home: "/nonexistent".into(),
        shell: "/usr/sbin/nologin".into(),
        comment: Some("Ketupa's agent".into()),
        groups: BTreeSet::new(),
        sort: UserSort::System,
    }
}

/// Which host asks what.
struct Asked(BTreeMap<Id<Host>, Vec<Check>>);

impl Asked {
    fn of(isp: &Isp) -> Self {
        let mut by_host: BTreeMap<Id<Host>, Vec<Check>> = BTreeMap::new();
        for check in checks::of(isp) {
            for id in &check.from {
                by_host.entry(*id).or_default().push(check.clone());
            }
        }
        Self(by_host)
    }
}

fn context(isp: &Isp, id: Id<Host>, asked: &[Check]) -> Context {
    let shown = |wanted| tokens(isp).find(|(path, _)| *path == wanted).map(|(path, _)| path);
    let token = shown(TOKEN);
    // What there is on every Debian: whoever may read the journal, and logs.
    let mut groups = vec!["systemd-journal", "adm"];
    groups.extend(tokens(isp).next().map(|_| GROUP));
    // Its control socket is of this group. Without BIRD there is none, and the unit would not start.
    let host = &isp.hosts[id];
    groups.extend((host.managed && host.role.routes()).then_some("bird"));
    Context {
        program: PROGRAM,
        config: CONFIG,
        textfile: TEXT,
        smart: smart::is_asked(host).then_some(smart::DIRECTORY),
        port: PORT,
        instance: quoted(host.name()),
        url: quoted(&isp.watch_url().unwrap_or_default()),
        token,
        logs: isp.watch.logs.as_deref().map(quoted),
        logs_token: shown(LOGS_TOKEN),
        interval: isp.watch.interval.0,
        scrapes: scrapes(isp, id),
        probes: asked.iter().filter_map(probe::lines).collect(),
        groups,
        echoes: asked.iter().any(|check| matches!(check.question, Question::Ping(_))),
    }
}

/// The programs of a host that tell metrics: what is declared, and our daemons.
fn scrapes(isp: &Isp, id: Id<Host>) -> Vec<Scrape> {
    let declared = isp.hosts[id].exporters.iter().map(|one| Scrape {
        job: one.job.clone(),
        url: format!("http://127.0.0.1:{}/metrics", one.port),
    });
    let ours = daemons(isp, id).into_iter();
    ours.map(|(daemon, url)| Scrape { job: daemon.job().into(), url: url.into() })
        .chain(declared)
        .collect()
}

/// The daemons that tell metrics, where their components let them: on the host itself only.
fn daemons(isp: &Isp, id: Id<Host>) -> Vec<(Teller, &'static str)> {
    let host = &isp.hosts[id];
    if !host.managed {
        return Vec::new();
    }
    let served = isp.services_on(id).any(|service| service.serve != Serve::App);
    let validates = |server| host.role == Role::Validator && host.rtr == server;
    let all = [
        (host.role == Role::Proxy, Teller::Haproxy, "http://127.0.0.1:8405/metrics"),
        // It answers to this name only.
        (served, Teller::Caddy, "http://localhost:2019/metrics"),
        (validates(RtrServer::Stayrtr), Teller::Stayrtr, "http://127.0.0.1:9847/metrics"),
        (validates(RtrServer::Routinator), Teller::Routinator, "http://127.0.0.1:8323/metrics"),
    ];
    all.into_iter().filter(|(there, ..)| *there).map(|(_, daemon, url)| (daemon, url)).collect()
}
