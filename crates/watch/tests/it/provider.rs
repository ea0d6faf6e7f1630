//! The example provider as its agents would tell of it: healthy, but for what a test breaks.

use crate::place::{Place, T0, put, series};
use derive::checks::{Check, Page, Question, Scheme, asked_by, has_agent};
use metrics::{Labels, NAME, STALE, Store};
use model::kinds::Host;
use model::{Isp, Named as _};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use watch::{Alert, Group, Incident, Phase, State, evaluate, rules};

/// How often agents tell, in milliseconds: half as often as they do.
pub(crate) const STEP: i64 = 30_000;
const GIB: f64 = 1_073_741_824.0;

/// Takes a series of a host: name, labels, value.
type Tell<'a> = dyn FnMut(&str, &[(&str, &str)], f64) + 'a;

/// What one host tells at one time.
pub(crate) type Told = Vec<(Labels, f64)>;

/// What a fault does to what a host tells.
pub(crate) type Fault<'a> = &'a dyn Fn(&str, &mut Told);

pub(crate) struct Provider {
    pub(crate) isp: Isp,
    pub(crate) groups: Vec<Group>,
    pub(crate) state: State,
    store: Store,
    now: i64,
    /// The series that each host told last.
    last: BTreeMap<String, BTreeSet<Labels>>,
    protocols: BTreeMap<String, Vec<(String, String)>>,
    checks: BTreeMap<String, Vec<(String, String, bool)>>,
    _place: Place,
}

impl Provider {
    pub(crate) fn new(name: &str) -> Self {
        let isp = testkit::isp(&testkit::example("neutrinet"));
        let place = Place::new(name);
        let protocols =
            isp.hosts.values().map(|host| (host.name.clone(), protocols(host.name()))).collect();
        let checks = isp.hosts.values();
        let checks = checks.map(|host| (host.name.clone(), checks_of(&isp, host.name()))).collect();
        Self {
            groups: rules::of(&isp),
            state: State::default(),
            store: place.store(),
            now: T0,
            last: BTreeMap::new(),
            protocols,
            checks,
            isp,
            _place: place,
        }
    }

    /// Some minutes with a fault, or without.
    pub(crate) fn minutes(&mut self, minutes: i64, fault: Fault<'_>) {
        let until = self.now + minutes * 60_000;
        while self.now < until {
            self.now += STEP;
            self.step(fault);
        }
    }

    fn step(&mut self, fault: Fault<'_>) {
        let now = self.now;
        let hosts: Vec<Host> = self.isp.hosts.values().cloned().collect();
        for host in hosts {
            let mut told = self.told(&host);
            fault(host.name(), &mut told);
            if told.is_empty() {
                continue;
            }
            let names: BTreeSet<Labels> = told.iter().map(|(labels, _)| labels.clone()).collect();
            let before = self.last.insert(host.name.clone(), names.clone()).unwrap_or_default();
            let stale = f64::from_bits(STALE);
            told.extend(before.difference(&names).map(|labels| (labels.clone(), stale)));
            put(&mut self.store, now, &told);
        }
        evaluate(&self.groups, &mut self.store, &mut self.state, now);
    }

    pub(crate) fn firing(&self) -> Vec<Alert> {
        let alerts = self.state.alerts();
        alerts.into_iter().filter(|alert| alert.phase == Phase::Firing).collect()
    }

    /// What fires, grouped under causes: a line for each, those caused indented.
    pub(crate) fn incidents(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Incident { cause, caused } in watch::group(self.firing(), &self.isp) {
            lines.push(line(&cause));
            lines.extend(caused.iter().map(|alert| ["  ", &line(alert)].concat()));
        }
        lines
    }

    /// What cannot be evaluated.
    pub(crate) fn errors(&self) -> Vec<String> {
        let mut errors = Vec::new();
        for group in &self.groups {
            for (place, rule) in group.rules.iter().enumerate() {
                let error = self.state.error_of(group, place);
                errors.extend(error.map(|why| format!("{}: {why}", rule.name)));
            }
        }
        errors
    }

    fn told(&self, host: &Host) -> Told {
        let mut told = Told::new();
        if has_agent(host) {
            self.node(host, &mut told);
            self.bird(host, &mut told);
            for vip in self.isp.vips.values() {
                let place = vip.hosts.iter().position(|id| self.isp.hosts[*id].name == host.name);
                let held = if place == Some(0) { 1.0 } else { 0.0 };
                if place.is_some() {
                    let labels = [("vip", vip.at.key.as_str()), ("instance", host.name())];
                    told.push((series("ketupa_vip_held", &labels), held));
                }
            }
        }
        self.probes(host, &mut told);
        told
    }

    fn node(&self, host: &Host, told: &mut Told) {
        let seconds = (self.now / 1000) as f64;
        let mut tell = |name: &str, more: &[(&str, &str)], value: f64| {
            let labels = [("instance", host.name()), ("job", "node")];
            let labels: Vec<_> = labels.into_iter().chain(more.iter().copied()).collect();
            told.push((series(name, &labels), value));
        };
        for (name, value) in [
            ("up", 1.0),
            ("node_boot_time_seconds", 1e9),
            ("node_memory_MemAvailable_bytes", 0.6 * GIB),
            ("node_memory_MemTotal_bytes", GIB),
            ("node_memory_SwapFree_bytes", 0.0),
            ("node_memory_SwapTotal_bytes", 0.0),
            ("node_vmstat_oom_kill", 2.0),
            ("node_load15", 0.3 + 0.2 * (seconds / 600.0).sin()),
            ("node_timex_offset_seconds", -0.0004),
            ("node_timex_sync_status", 1.0),
            ("node_nf_conntrack_entries", 3_000.0),
            ("node_nf_conntrack_entries_limit", 262_144.0),
        ] {
            tell(name, &[], value);
        }
        for cpu in ["0", "1"] {
            tell("node_cpu_seconds_total", &[("cpu", cpu), ("mode", "idle")], seconds * 0.9);
        }
        self.disks(&mut tell);
        for unit in ["ssh.service", "ketupa-tidy.service", "cron.service"] {
            for state in ["active", "failed"] {
                let value = if state == "active" { 1.0 } else { 0.0 };
                tell("node_systemd_unit_state", &[("name", unit), ("state", state)], value);
            }
        }
        let run = (seconds / 3600.0).floor() * 3600.0;
        tell("node_systemd_timer_last_trigger_seconds", &[("name", "ketupa-tidy.timer")], run);
        for nic in &host.nic {
            let device = [("device", nic.name.as_str())];
            tell("node_network_up", &device, 1.0);
            tell("node_network_carrier_changes_total", &device, 2.0);
            for way in ["receive", "transmit"] {
                let name = |what: &str| format!("node_network_{way}_{what}_total");
                tell(&name("packets"), &device, (seconds * 200.0).floor());
                tell(&name("errs"), &device, 7.0);
            }
        }
    }

    fn disks(&self, tell: &mut Tell<'_>) {
        let seconds = (self.now / 1000) as f64;
        for (mount, kind) in [("/", "ext4"), ("/run", "tmpfs"), ("/mnt/cdrom", "iso9660")] {
            let readonly = if kind == "iso9660" { 1.0 } else { 0.0 };
            let left = if readonly > 0.0 { 0.0 } else { 0.55 - seconds / 1e12 };
            let labels = [("device", mount), ("fstype", kind), ("mountpoint", mount)];
            tell("node_filesystem_size_bytes", &labels, 20.0 * GIB);
            tell("node_filesystem_avail_bytes", &labels, 20.0 * GIB * left);
            tell("node_filesystem_files", &labels, if kind == "iso9660" { 0.0 } else { 1e6 });
            tell("node_filesystem_files_free", &labels, if kind == "iso9660" { 0.0 } else { 9e5 });
            tell("node_filesystem_readonly", &labels, readonly);
        }
        let disk = [("device", "sda"), ("serial", "S1"), ("model", "Disk")];
        tell("ketupa_disk_present", &disk, 1.0);
        tell("ketupa_disk_events_total", &[("event", "appeared")], 0.0);
        let disk = [("device", "sda")];
        tell("smartctl_device_smart_status", &disk, 1.0);
        tell("smartctl_device_media_errors", &disk, 3.0);
        tell("smartctl_device_percentage_used", &disk, 12.0);
        let heat = [("device", "sda"), ("temperature_type", "current")];
        tell("smartctl_device_temperature", &heat, 34.0);
    }

    fn bird(&self, host: &Host, told: &mut Told) {
        for (name, kind) in self.protocols.get(host.name()).into_iter().flatten() {
            let labels = [
                ("instance", host.name()),
                ("job", "node"),
                ("name", name),
                ("proto", kind),
                ("ip_version", if name.ends_with('4') { "4" } else { "6" }),
            ];
            let mut with_state = labels.to_vec();
            with_state.push(("state", if kind == "BGP" { "Established" } else { "" }));
            told.push((series("bird_protocol_up", &with_state), 1.0));
            let wave = (self.now as f64 / 3e6).sin() * 4.0;
            for (count, value) in [("import", (120.0 + wave).floor()), ("filter", 3.0)] {
                let metric = format!("bird_protocol_prefix_{count}_count");
                told.push((series(&metric, &labels), value));
            }
            if kind == "OSPF" {
                let labels = [("instance", host.name()), ("job", "node"), ("name", name)];
                told.push((series("bird_ospf_running", &labels), 1.0));
            }
        }
    }

    /// What a host asks of others.
    fn probes(&self, host: &Host, told: &mut Told) {
        let seconds = (self.now / 1000) as f64;
        for (check, object, tls) in self.checks.get(host.name()).into_iter().flatten() {
            let labels = [
                ("check", check.as_str()),
                ("object", object.as_str()),
                ("instance", host.name()),
                ("job", "probe"),
            ];
            told.push((series("probe_success", &labels), 1.0));
            told.push((series("probe_duration_seconds", &labels), 0.08));
            if *tls {
                let expiry = seconds + 60.0 * 86_400.0;
                told.push((series("probe_ssl_earliest_cert_expiry", &labels), expiry));
            }
        }
    }
}

/// An alert in one line.
pub(crate) fn line(alert: &Alert) -> String {
    let words = ["segment", "peer", "part"].map(|name| alert.label(name));
    let part = words.into_iter().find(|word| !word.is_empty());
    let part = part.map(|part| format!(" ({part})")).unwrap_or_default();
    format!("{} {}{part}", alert.name(), alert.label("object"))
}

/// The checks that a host asks: name, object, whether it sees a certificate.
fn checks_of(isp: &Isp, host: &str) -> Vec<(String, String, bool)> {
    let Some(id) = isp.hosts.find(host) else { return Vec::new() };
    let tls = |check: &Check| {
        let page = |page: &Page| page.scheme == Scheme::Https;
        matches!(&check.question, Question::Certificate { .. })
            || matches!(&check.question, Question::Page(found) if page(found))
    };
    let probed =
        |check: &Check| !matches!(check.question, Question::Held(_) | Question::Session(_));
    let own = asked_by(isp, id).into_iter().filter(probed);
    own.map(|check| (check.name.clone(), check.object.clone(), tls(&check))).collect()
}

/// The protocols of a host's BIRD, as its rendered configuration has them: name and kind.
fn protocols(host: &str) -> Vec<(String, String)> {
    let golden = "../ketupa/tests/golden/neutrinet";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(golden).join(host);
    let Ok(text) = std::fs::read_to_string(path.join("etc/bird/bird.conf")) else {
        return Vec::new();
    };
    let protocol = |line: &str| {
        let mut words = line.strip_prefix("protocol ")?.split_whitespace();
        match words.next()? {
            "bgp" => Some((words.next()?.to_owned(), "BGP".to_owned())),
            "ospf" => Some((words.nth(1)?.to_owned(), "OSPF".to_owned())),
            _ => None,
        }
    };
    text.lines().filter_map(protocol).collect()
}

/// Changes what a host tells: every series of a name whose labels are so.
pub(crate) fn set(told: &mut Told, name: &str, labels: &[(&str, &str)], value: f64) -> usize {
    let mut count = 0;
    for (series, old) in told {
        let is = series.get(NAME) == name
            && labels.iter().all(|(label, value)| series.get(label) == *value);
        if is {
            *old = value;
            count += 1;
        }
    }
    count
}
