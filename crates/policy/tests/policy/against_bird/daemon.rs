//! A BIRD of our own, in a network namespace of its own.
#![expect(clippy::disallowed_methods, reason = "this test starts a real daemon")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use policy::{Family, Filter, Origin, Route, bird};

use super::routes::Profile;
use super::{speaker, table};
use crate::sample;

/// One filter and the routes that it is to judge.
pub(crate) struct Plan {
    pub(crate) index: usize,
    pub(crate) filter: Filter,
    pub(crate) profile: Profile,
    pub(crate) bgp: Vec<Route>,
    pub(crate) statics: Vec<Route>,
}

impl Plan {
    pub(crate) fn bgp_table(&self) -> String {
        format!("t_bgp_{}", self.index)
    }

    pub(crate) fn static_table(&self) -> String {
        format!("t_static_{}", self.index)
    }

    fn neighbor(&self) -> String {
        format!("127.0.1.{}", self.index)
    }
}

/// Runs this test again inside an empty network namespace; false when we are in it already.
pub(crate) fn enter_namespace(test: &str) -> bool {
    const INSIDE: &str = "KETUPA_POLICY_TEST_INSIDE";
    if std::env::var(INSIDE).is_ok() {
        let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().expect("run ip");
        assert!(up.success(), "cannot bring up the loopback of the namespace");
        return false;
    }
    let myself = std::env::current_exe().expect("know the test's own file");
    let status = Command::new("unshare")
        .arg("--net")
        .arg(myself)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .expect("run unshare (of util-linux, as root)");
    assert!(status.success(), "the test failed inside the namespace: {status}");
    true
}

/// The seed of the dice: `KETUPA_SEED`, or always the same.
pub(crate) fn seed() -> u64 {
    std::env::var("KETUPA_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_220_117)
}

/// Where a BIRD may be: `KETUPA_BIRD`, the path, the newest image of the twin.
fn binary() -> PathBuf {
    if let Ok(path) = std::env::var("KETUPA_BIRD") {
        return PathBuf::from(path);
    }
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/usr/local/sbin";
    let installed = path.split(':').map(|folder| Path::new(folder).join("bird"));
    let images = fs::read_dir("/var/cache/ketupa/images").into_iter().flatten().flatten();
    let mut packed: Vec<PathBuf> =
        images.map(|image| image.path().join("usr/sbin/bird")).filter(|p| p.is_file()).collect();
    // Files keep the date of their package; the image's folder has its own.
    let made = |path: &Path| fs::metadata(path.ancestors().nth(3)?).ok()?.modified().ok();
    packed.sort_by_key(|path| made(path));
    installed.filter(|path| path.is_file()).chain(packed.into_iter().rev()).next().expect(
        "no BIRD found. Install bird2, build an image of the twin, or unpack it: `apt-get download \
         bird2 libssh-gcrypt-4 && for p in *.deb; do dpkg -x $p /tmp/bird2; done`, then set \
         KETUPA_BIRD=/tmp/bird2/usr/sbin/bird",
    )
}

/// BIRD ready to be started, with the libraries beside it when it is not installed on the host.
fn command() -> Command {
    let binary = binary();
    let root = binary.ancestors().nth(3).unwrap_or(Path::new("/"));
    let folders = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib", "lib"];
    let libraries = folders.map(|folder| root.join(folder).display().to_string()).join(":");
    let loader = root.join("lib64/ld-linux-x86-64.so.2");
    if root == Path::new("/") || !loader.exists() {
        let mut command = Command::new(&binary);
        if root != Path::new("/") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        return command;
    }
    let mut command = Command::new(loader);
    command.arg("--library-path").arg(libraries).arg(&binary);
    command
}

/// A running BIRD, killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    folder: PathBuf,
    listeners: Vec<TcpListener>,
    sessions: Vec<speaker::Session>,
}

impl Daemon {
    /// Starts BIRD with every filter of the plans.
    pub(crate) fn start(plans: &[Plan]) -> Self {
        let folder = std::env::temp_dir().join(format!("ketupa-policy-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("make a folder");
        fs::write(folder.join("bird.conf"), configuration(plans, &folder)).expect("write the file");
        let bind = |plan: &Plan| {
            TcpListener::bind((plan.neighbor(), 1790)).expect("listen on the loopback")
        };
        let listeners = plans.iter().map(bind).collect();
        let child = command()
            .args(["-f", "-c"])
            .arg(folder.join("bird.conf"))
            .arg("-s")
            .arg(folder.join("bird.ctl"))
            .arg("-P")
            .arg(folder.join("bird.pid"))
            .stdin(Stdio::null())
            .spawn()
            .expect("start BIRD");
        Self { child, folder, listeners, sessions: Vec::new() }
    }

    /// Tells BIRD the plan's routes by BGP, and waits until it has seen them all.
    pub(crate) fn feed(&mut self, plan: &Plan) {
        let (stream, _) = plan_listener(&self.listeners, plan).accept().expect("BIRD calls us");
        let mut session = speaker::Session::open(stream, plan.profile.asn, plan.filter.family);
        for route in &plan.bgp {
            session.announce(route);
        }
        self.sessions.push(session);
        let last = plan.bgp.last().expect("there are routes").net;
        let table = plan.bgp_table();
        let asked = [
            format!("show route {last} table {table}"),
            format!("show route {last} table {table} filtered"),
        ];
        let until = Instant::now() + Duration::from_secs(60);
        while !asked.iter().any(|question| self.ask(question).contains(&last.to_string())) {
            assert!(
                Instant::now() < until,
                "BIRD never showed {last} in {table}; it says:\n{}\n{}",
                self.ask(&format!("show protocols all b_{}", plan.index)),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// All routes of a table, those that the filter refused included.
    pub(crate) fn table(&mut self, name: &str) -> BTreeMap<IpNet, table::Row> {
        let accepted = self.ask(&format!("show route table {name} all"));
        let refused = self.ask(&format!("show route table {name} filtered all"));
        let mut rows = table::read(&accepted, table::Judged::Accepted);
        rows.extend(table::read(&refused, table::Judged::Refused));
        rows
    }

    fn ask(&mut self, question: &str) -> String {
        let mut stream = self.control();
        stream.write_all(format!("{question}\n").as_bytes()).expect("ask BIRD");
        let mut answer = String::new();
        let mut lines = BufReader::new(stream).lines();
        loop {
            let line = lines.next().expect("BIRD answers to the end").expect("read the answer");
            // A code and a blank end an answer; the greeting is one by itself.
            let ends = line.get(4..5) == Some(" ") && !line.starts_with([' ', '\t']);
            if ends && !line.starts_with("0001") {
                return answer;
            }
            answer += &line;
            answer += "\n";
        }
    }

    /// What BIRD itself never takes from anybody: loopback, multicast and the like.
    pub(crate) fn bogus(&self) -> BTreeSet<IpNet> {
        let log = fs::read_to_string(self.folder.join("bird.log")).unwrap_or_default();
        let lines = log.lines().filter_map(|line| line.split_once("Ignoring bogus route "));
        lines.filter_map(|(_, rest)| rest.split_whitespace().next()?.parse().ok()).collect()
    }

    fn control(&mut self) -> UnixStream {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Ok(stream) = UnixStream::connect(self.folder.join("bird.ctl")) {
                return stream;
            }
            let ended = self.child.try_wait().expect("look after BIRD");
            assert!(ended.is_none(), "BIRD stopped ({ended:?}): {}", self.log());
            assert!(Instant::now() < until, "BIRD does not answer: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.join("bird.log")).unwrap_or_default();
        text.lines().rev().take(20).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn plan_listener<'a>(listeners: &'a [TcpListener], plan: &Plan) -> &'a TcpListener {
    listeners.get(plan.index - 1).expect("one listener for each plan")
}

fn configuration(plans: &[Plan], folder: &Path) -> String {
    let filters: Vec<Filter> = plans.iter().map(|plan| plan.filter.clone()).collect();
    let log = folder.join("bird.log");
    let mut text = format!(
        "log \"{}\" all;\nrouter id 10.0.0.1;\nroa4 table kt_roa4;\nroa6 table kt_roa6;\n\
         protocol device {{ }}\n{}{}{}",
        log.display(),
        reachable(),
        roas(),
        bird::print(&filters, &sample::network().names()).expect("no clash")
    );
    for plan in plans {
        let (kind, master) = match plan.filter.family {
            Family::V4 => ("ipv4", "master4"),
            Family::V6 => ("ipv6", "master6"),
        };
        let name = bird::filter_name(&plan.filter);
        let (bgp, statics) = (plan.bgp_table(), plan.static_table());
        let _ = write!(
            text,
            "{kind} table {bgp};\n{kind} table {statics};\n\
             protocol bgp b_{} {{\n  local 127.0.0.1 as {};\n  neighbor {} port 1790 as {};\n  \
             multihop;\n  connect delay time 1;\n  allow local as 255;\n  \
             {kind} {{ table {bgp}; igp table {master}; import keep filtered; \
             import filter {name}; export none; }};\n}}\n\
             protocol static s_{} {{\n  {kind} {{ table {statics}; import keep filtered; \
             import filter {name}; }};\n",
            plan.index,
            sample::OWN,
            plan.neighbor(),
            plan.profile.asn,
            plan.index
        );
        for route in &plan.statics {
            let _ =
                writeln!(text, "  route {} unreachable {{ {} }};", route.net, attributes(route));
        }
        text += "}\n";
    }
    text
}

/// The links behind which next hops can be reached. Everything else is out of reach.
fn reachable() -> String {
    let link = |family: Family| {
        let kind = if family == Family::V4 { "ipv4" } else { "ipv6" };
        format!("protocol static {{ {kind}; route {} via \"lo\"; }}\n", sample::lan(family))
    };
    link(Family::V4) + &link(Family::V6)
}

/// The attributes of a static route, as commands that BIRD runs before the filter.
fn attributes(route: &Route) -> String {
    let mut text = String::new();
    for asn in route.path.asns().collect::<Vec<_>>().into_iter().rev() {
        let _ = write!(text, "bgp_path.prepend({asn}); ");
    }
    for community in &route.communities {
        let _ = write!(text, "bgp_community.add({community}); ");
    }
    for large in &route.large {
        let _ = write!(text, "bgp_large_community.add({large}); ");
    }
    if let Some(value) = route.local_pref {
        let _ = write!(text, "bgp_local_pref = {value}; ");
    }
    if let Some(value) = route.med {
        let _ = write!(text, "bgp_med = {value}; ");
    }
    if let Some(value) = route.next_hop {
        let _ = write!(text, "bgp_next_hop = {value}; ");
    }
    match route.origin {
        Some(Origin::Igp) => text += "bgp_origin = ORIGIN_IGP; ",
        Some(Origin::Egp) => text += "bgp_origin = ORIGIN_EGP; ",
        Some(Origin::Incomplete) => text += "bgp_origin = ORIGIN_INCOMPLETE; ",
        None => {}
    }
    text
}

fn roas() -> String {
    let mut text = String::new();
    for (table, roas) in sample::roas().tables {
        let kind = if table.ends_with('4') { "roa4" } else { "roa6" };
        let _ = writeln!(text, "protocol static s_{table} {{\n  {kind} {{ table {table}; }};");
        for roa in roas {
            let _ = writeln!(text, "  route {} max {} as {};", roa.net, roa.max_length, roa.asn);
        }
        text += "}\n";
    }
    text
}
