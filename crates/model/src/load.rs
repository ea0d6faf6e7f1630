//! From texts to an `Isp`: parse all, collect names, read every table, report every mistake.

use crate::fields::{At, Fields, Reading, place};
use crate::finding::{self, Finding, Severity};
use crate::kinds::{
    About, Accept, Account, Backup, Certificate, Check, Cost, Directory, Duty, Group, Host,
    Invariant, Job, KINDS, Kind, Link, Mount, Nat, Neighbor, Package, Policy, Pool, Provider,
    Repository, Roa, RuleGroup, SINGLE, Segment, Service, Site, StaticRoute, Timer, Upgrade, Vip,
    Waiver, Watch, Zone,
};
use crate::names::{Names, bad_name, is_name};
use crate::source::{MAX_FILE_BYTES, Place, Refused, Source};
use crate::table::{Named, Table};
use crate::value::{nearest, shorten};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One Internet provider, complete and linked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Isp {
    /// The provider itself.
    pub about: About,
    /// How it watches itself.
    pub watch: Watch,
    /// Our own route origins.
    pub roas: Table<Roa>,
    /// Places.
    pub sites: Table<Site>,
    /// Companies that host or sell to us.
    pub providers: Table<Provider>,
    /// What is paid for.
    pub costs: Table<Cost>,
    /// Machines.
    pub hosts: Table<Host>,
    /// Layer 2 segments.
    pub segments: Table<Segment>,
    /// Addresses that hosts hand out.
    pub pools: Table<Pool>,
    /// Static routes.
    pub routes: Table<StaticRoute>,
    /// Virtual addresses.
    pub vips: Table<Vip>,
    /// Other networks.
    pub neighbors: Table<Neighbor>,
    /// Routing policies.
    pub policies: Table<Policy>,
    /// Firewall zones.
    pub zones: Table<Zone>,
    /// Firewall rule groups.
    pub rules: Table<RuleGroup>,
    /// Services.
    pub services: Table<Service>,
    /// TLS certificates.
    pub certificates: Table<Certificate>,
    /// Users on hosts.
    pub accounts: Table<Account>,
    /// Groups on hosts.
    pub groups: Table<Group>,
    /// Debian packages beyond those of components.
    pub packages: Table<Package>,
    /// Where packages come from besides Debian.
    pub repositories: Table<Repository>,
    /// Directories on hosts.
    pub directories: Table<Directory>,
    /// Links on hosts.
    pub links: Table<Link>,
    /// File systems that hosts mount.
    pub mounts: Table<Mount>,
    /// Commands that hosts run again and again.
    pub timers: Table<Timer>,
    /// Checks.
    pub checks: Table<Check>,
    /// Backups.
    pub backups: Table<Backup>,
    /// Duties.
    pub duties: Table<Duty>,
    /// What the job desk runs.
    pub jobs: Table<Job>,
    /// What must always hold.
    pub invariants: Table<Invariant>,
    /// Translations of addresses.
    pub nats: Table<Nat>,
    /// Orders of upgrade.
    pub upgrades: Table<Upgrade>,
    /// What the network cannot survive.
    pub accepts: Table<Accept>,
    /// What is accepted for a time.
    pub waivers: Table<Waiver>,
}

/// What a load gives: the ISP where nothing was wrong, and every finding where something was.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The ISP; none where there is an error among the findings.
    pub isp: Option<Isp>,
    /// Everything that is wrong, in the order of the files.
    pub findings: Vec<Finding>,
}

/// Findings beyond this number are counted and not kept, so that memory stays bounded.
const MAX_FINDINGS: usize = 20_000;

/// Loads an ISP from the texts of its files, in any order. Never stops at the first mistake.
pub fn load(sources: &[Source]) -> Loaded {
    let mut findings: Vec<Finding> = refused(sources);
    let parsed: Vec<DeTable<'_>> = parse(sources, &mut findings);
    let mut declared = Declared::default();
    for (file, table) in (0..).zip(&parsed) {
        declared.file(file, table, &mut findings);
    }
    if findings.is_empty() {
        findings.extend(declared.headless());
    }
    declared.names.number();
    let reading = Reading { names: &declared.names, findings: RefCell::new(findings) };
    let isp = declared.read(&reading);
    let mut findings = reading.findings.into_inner();
    forget_consequences(&mut findings);
    finding::sort(&mut findings);
    bound(&mut findings);
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    Loaded { isp: (!failed).then_some(isp), findings }
}

/// Drops what only follows from text that is not TOML: a header that was not closed makes its keys
/// look like kinds, a value that the parser gave up on is empty.
fn forget_consequences(findings: &mut Vec<Finding>) {
    let broken = findings.iter().filter(|finding| finding.code == "M-SYNTAX");
    let mut first: BTreeMap<u32, Place> = BTreeMap::new();
    let mut places: BTreeSet<Place> = BTreeSet::new();
    for place in broken.filter_map(|finding| finding.place) {
        let earliest = first.entry(place.file).or_insert(place);
        *earliest = place.min(*earliest);
        places.insert(place);
    }
    findings.retain(|finding| {
        let Some(place) = finding.place else { return true };
        let after = first.get(&place.file).is_some_and(|first| *first < place);
        match finding.code {
            "M-VALUE" => !places.contains(&place),
            "M-UNKNOWN-KIND" => !after,
            _ => true,
        }
    });
}

/// Keeps the first findings and says how many more there were.
fn bound(findings: &mut Vec<Finding>) {
    let more = findings.len().saturating_sub(MAX_FINDINGS);
    if more > 0 {
        findings.truncate(MAX_FINDINGS);
        let says = format!("{more} more findings are not shown");
        findings
            .push(Finding::everywhere("M-MANY", says).hint("mend the first ones and look again"));
    }
}

/// Files that are not text.
fn refused(sources: &[Source]) -> Vec<Finding> {
    let finding = |source: &Source| {
        let path = &source.path;
        let (says, hint) = match source.refused.as_ref()? {
            Refused::NotUtf8(line) => (
                format!("{path}:{line}: not valid UTF-8"),
                "save the file as UTF-8, or move it out of the directory",
            ),
            Refused::TooLarge(bytes) => (
                format!("{path}: {bytes} bytes are too many: at most {MAX_FILE_BYTES} are read"),
                "a whole provider fits in a few hundred kilobytes: is this the right file?",
            ),
            Refused::Unreadable(why) => (
                format!("{path}: cannot be read: {why}"),
                "check that it exists and who may read it",
            ),
        };
        Some(Finding::everywhere("M-FILE", says).hint(hint))
    };
    sources.iter().filter_map(finding).collect()
}

/// Parses every file; what the parser could save of a broken one is kept, so that its other
/// tables are not reported as missing.
fn parse<'a>(sources: &'a [Source], findings: &mut Vec<Finding>) -> Vec<DeTable<'a>> {
    let mut parsed = Vec::new();
    for (file, source) in (0..).zip(sources) {
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        for error in errors.iter().take(MAX_FINDINGS) {
            let span = error.span().unwrap_or_default();
            let says = format!("this is not TOML: {}", error.message());
            findings.push(Finding::error("M-SYNTAX", place(file, &span), says));
        }
        parsed.push(table.into_inner());
    }
    parsed
}

/// One declared table and where its name stands.
struct Entry<'a> {
    place: Place,
    table: &'a DeTable<'a>,
}

/// Everything declared in all files, by kind and name.
#[derive(Default)]
struct Declared<'a> {
    singles: BTreeMap<&'static str, Entry<'a>>,
    tables: BTreeMap<&'static str, BTreeMap<String, Entry<'a>>>,
    names: Names,
}

impl<'a> Declared<'a> {
    /// Adds one file's tables.
    fn file(&mut self, file: u32, root: &'a DeTable<'a>, findings: &mut Vec<Finding>) {
        for (key, value) in root {
            let at = place(file, &key.span());
            let Some(kind) = KINDS.iter().find(|kind| **kind == key.get_ref().as_ref()) else {
                findings.push(unknown_kind(key.get_ref(), at));
                continue;
            };
            let Some(table) = value.get_ref().as_table() else {
                let says = format!("expected tables: [{kind}.NAME]");
                findings.push(Finding::error("M-VALUE", place(file, &value.span()), says));
                continue;
            };
            if SINGLE.contains(kind) {
                self.single(kind, Entry { place: at, table }, findings);
            } else {
                self.kind(kind, file, table, findings);
            }
        }
    }

    fn single(&mut self, kind: &'static str, entry: Entry<'a>, findings: &mut Vec<Finding>) {
        if let Some(earlier) = self.singles.get(kind) {
            let says = format!("[{kind}] is declared twice");
            let finding = Finding::error("M-TWICE", entry.place, says);
            findings.push(finding.also(earlier.place, "first here"));
            return;
        }
        self.singles.insert(kind, entry);
    }

    fn kind(
        &mut self,
        kind: &'static str,
        file: u32,
        tables: &'a DeTable<'a>,
        findings: &mut Vec<Finding>,
    ) {
        for (name, value) in tables {
            let at = place(file, &name.span());
            if let Some(table) = named_table(kind, file, name, value, findings) {
                self.name(kind, name.get_ref(), Entry { place: at, table }, findings);
            }
        }
    }

    fn name(
        &mut self,
        kind: &'static str,
        name: &str,
        entry: Entry<'a>,
        findings: &mut Vec<Finding>,
    ) {
        if let Some(earlier) = self.names.add(kind, name, entry.place) {
            let says = format!("[{kind}.{name}] is declared twice");
            let finding = Finding::error("M-TWICE", entry.place, says).also(earlier, "first here");
            findings.push(finding.hint("rename one of them, or put all its keys in one place"));
            return;
        }
        self.tables.entry(kind).or_default().insert(name.to_owned(), entry);
    }

    fn read(&self, reading: &Reading<'_>) -> Isp {
        Isp {
            about: self.one("isp", reading, About::read),
            watch: self.one("watch", reading, Watch::read),
            roas: self.table(reading),
            sites: self.table(reading),
            providers: self.table(reading),
            costs: self.table(reading),
            hosts: self.table(reading),
            segments: self.table(reading),
            pools: self.table(reading),
            routes: self.table(reading),
            vips: self.table(reading),
            neighbors: self.table(reading),
            policies: self.table(reading),
            zones: self.table(reading),
            rules: self.table(reading),
            services: self.table(reading),
            certificates: self.table(reading),
            accounts: self.table(reading),
            groups: self.table(reading),
            packages: self.table(reading),
            repositories: self.table(reading),
            directories: self.table(reading),
            links: self.table(reading),
            mounts: self.table(reading),
            timers: self.table(reading),
            checks: self.table(reading),
            backups: self.table(reading),
            duties: self.table(reading),
            jobs: self.table(reading),
            invariants: self.table(reading),
            nats: self.table(reading),
            upgrades: self.table(reading),
            accepts: self.table(reading),
            waivers: self.table(reading),
        }
    }

    /// What is wrong where `[isp]` is missing.
    fn headless(&self) -> Option<Finding> {
        if self.singles.contains_key("isp") {
            return None;
        }
        if self.tables.is_empty() && self.singles.is_empty() {
            let says = "there is no ISP here: no TOML file declares anything";
            let hint =
                "give the directory that holds the *.toml files, or start from examples/minimal";
            return Some(Finding::everywhere("M-EMPTY", says).hint(hint));
        }
        let finding = Finding::everywhere("M-MISSING-KEY", "no file declares [isp]");
        Some(finding.hint("add [isp] with `name`, `asn` and `domain`"))
    }

    /// Reads the one table of a kind, or gives what holds without it.
    fn one<T: Default>(
        &self,
        kind: &str,
        reading: &Reading<'_>,
        read: fn(&mut Fields<'_>) -> T,
    ) -> T {
        let Some(entry) = self.singles.get(kind) else { return T::default() };
        let at = At::new(kind.to_owned(), entry.place);
        let mut fields = Fields::new(reading, entry.table, at);
        let object = read(&mut fields);
        fields.done();
        object
    }

    /// Reads every table of one kind, by name.
    fn table<T: Kind + Named>(&self, reading: &Reading<'_>) -> Table<T> {
        let entries = self.tables.get(T::KIND).into_iter().flatten();
        let objects = entries.map(|(name, entry)| {
            let key = format!("{}.{name}", T::KIND);
            let at = At::new(key, entry.place);
            let mut fields = Fields::new(reading, entry.table, at);
            let object = T::read(name, &mut fields);
            fields.done();
            object
        });
        Table::sorted(objects.collect())
    }
}

/// The table behind a name, if both are as they should be.
fn named_table<'a>(
    kind: &str,
    file: u32,
    name: &Spanned<std::borrow::Cow<'a, str>>,
    value: &'a Spanned<DeValue<'a>>,
    findings: &mut Vec<Finding>,
) -> Option<&'a DeTable<'a>> {
    let at = place(file, &name.span());
    if !is_name(name.get_ref()) {
        findings.push(bad_name(name.get_ref(), at));
        return None;
    }
    let table = value.get_ref().as_table();
    if table.is_none() {
        let says = format!("expected a table: [{kind}.{}]", name.get_ref());
        let hint = format!("`{kind}` holds named tables; write [{kind}.NAME] above this key");
        findings.push(Finding::error("M-VALUE", at, says).hint(hint));
    }
    table
}

fn unknown_kind(key: &str, at: Place) -> Finding {
    let finding =
        Finding::error("M-UNKNOWN-KIND", at, format!("there is no kind `{}`", shorten(key)));
    finding.hint(match nearest(key, KINDS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the kinds are {}", KINDS.join(", ")),
    })
}
