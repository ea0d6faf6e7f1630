//! What the agents of a provider tell of hosts that are well.

use crate::place::series;
use derive::checks::{Check, Page, Question, Scheme, asked_by, has_agent};
use metrics::{Labels, NAME};
use model::kinds::{Backup, Host};
use model::{Isp, Named as _};
use std::collections::BTreeMap;
use std::path::Path;

/// The job of what `ketupa serve` tells of itself.
pub(crate) const SERVER: &str = "ketupa";
const GIB: f64 = 1_073_741_824.0;

/// What one host tells at one time.
pub(crate) type Told = Vec<(Labels, f64)>;

/// Takes a series of a host: name, labels, value.
type Tell<'a> = dyn FnMut(&str, &[(&str, &str)], f64) + 'a;

/// What does not change from one time to the next.
pub(crate) struct Speaker {
    protocols: BTreeMap<String, Vec<(String, String)>>,
    checks: BTreeMap<String, Vec<(String, String, bool)>>,
    /// The host from which backups are made of which no unit is known.
    saves: Option<String>,
}

impl Speaker {
    /// Of a provider, with the rendered files of an example.
    pub(crate) fn of(isp: &Isp, rendered: &str) -> Self {
        let hosts = || isp.hosts.values();
        let protocols =
            hosts().map(|host| (host.name.clone(), protocols(rendered, host.name()))).collect();
        let checks = hosts().map(|host| (host.name.clone(), checks_of(isp, host.name()))).collect();
        let saves =
            isp.hosts.iter().find(|(id, _)| has_agent(isp, *id)).map(|(_, host)| host.name.clone());
        Self { protocols, checks, saves }
    }

    /// What a host tells at a time in milliseconds.
    pub(crate) fn told(&self, isp: &Isp, name: &str, now: i64) -> Told {
        let Some(id) = isp.hosts.find(name) else { return Told::new() };
        let (host, seconds) = (&isp.hosts[id], (now / 1000) as f64);
        let mut told = Told::new();
        if has_agent(isp, id) || isp.watch.places.contains(&id) {
            node(host, seconds, &mut told);
            self.bird(host, seconds, &mut told);
            vips(isp, host, &mut told);
        }
        let saves = self.saves.as_deref() == Some(name);
        for backup in isp.backups.values() {
            let tells = match backup.unit {
                Some(_) => host.managed && isp.saved(backup).contains(&id),
                None => saves,
            };
            told.extend(tells.then(|| made(backup, host, seconds)));
        }
        self.probes(host, seconds, &mut told);
        if isp.watch.server == Some(id) {
            told.push((series("up", &[("instance", name), ("job", SERVER)]), 1.0));
        }
        told
    }

    fn bird(&self, host: &Host, seconds: f64, told: &mut Told) {
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
            let wave = (seconds / 3e3).sin() * 4.0;
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
    fn probes(&self, host: &Host, seconds: f64, told: &mut Told) {
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

fn node(host: &Host, seconds: f64, told: &mut Told) {
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
    file_systems(seconds, &mut tell);
    disks(&mut tell);
    units(seconds, &mut tell);
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

fn file_systems(seconds: f64, tell: &mut Tell<'_>) {
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
}

fn disks(tell: &mut Tell<'_>) {
    let disk = [("device", "sda"), ("serial", "S1"), ("model", "Disk")];
    tell("ketupa_disk_present", &disk, 1.0);
    tell("ketupa_disk_events_total", &[("event", "appeared")], 0.0);
    let disk = [("device", "sda")];
    for (name, value) in [
        ("smartctl_device_smart_status", 1.0),
        ("smartctl_device_media_errors", 3.0),
        ("smartctl_device_critical_warning", 0.0),
        ("smartctl_device_percentage_used", 12.0),
        ("smartctl_device_available_spare", 100.0),
        ("smartctl_device_available_spare_threshold", 10.0),
    ] {
        tell(name, &disk, value);
    }
    let heat = [("device", "sda"), ("temperature_type", "current")];
    tell("smartctl_device_temperature", &heat, 34.0);
}

fn units(seconds: f64, tell: &mut Tell<'_>) {
    for unit in ["ssh.service", "ketupa-tidy.service", "cron.service"] {
        for state in ["active", "failed"] {
            let value = if state == "active" { 1.0 } else { 0.0 };
            tell("node_systemd_unit_state", &[("name", unit), ("state", state)], value);
        }
    }
    for (timer, every) in [("ketupa-tidy.timer", 3_600.0), ("apt-daily.timer", 86_400.0)] {
        let run = (seconds / every).floor() * every;
        tell("node_systemd_timer_last_trigger_seconds", &[("name", timer)], run);
    }
}

/// The first host of each virtual address holds it.
fn vips(isp: &Isp, host: &Host, told: &mut Told) {
    for vip in isp.vips.values() {
        let place = vip.hosts.iter().position(|id| isp.hosts[*id].name == host.name);
        let held = if place == Some(0) { 1.0 } else { 0.0 };
        if place.is_some() {
            let labels = [("vip", vip.at.key.as_str()), ("instance", host.name())];
            told.push((series("ketupa_vip_held", &labels), held));
        }
    }
}

/// Each is made an hour after midnight.
fn made(backup: &Backup, host: &Host, seconds: f64) -> (Labels, f64) {
    let every = backup.every.0 as f64;
    let made = ((seconds - 3_600.0) / every).floor() * every + 3_600.0;
    let labels = [("backup", backup.name.as_str()), ("instance", host.name()), ("job", "node")];
    (series("ketupa_backup_last_success_seconds", &labels), made)
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
fn protocols(example: &str, host: &str) -> Vec<(String, String)> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ketupa/tests/golden");
    let path = golden.join(example).join(host).join("etc/bird/bird.conf");
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
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

/// Gives a series of a host another value: every series of a name whose labels are so.
pub(crate) fn value(told: &mut Told, name: &str, labels: &[(&str, &str)], value: f64) {
    let mut count = 0;
    for (series, old) in told {
        let same = |(label, value): &(&str, &str)| series.get(label) == *value;
        if series.get(NAME) == name && labels.iter().all(same) {
            *old = value;
            count += 1;
        }
    }
    assert!(count > 0, "{name} is told");
}

/// Takes sessions down, by name: the state is part of the series.
pub(crate) fn sessions(told: &mut Told, down: impl Fn(&str) -> bool) {
    for (series, value) in told {
        if series.get(NAME) == "bird_protocol_up" && down(series.get("name")) {
            *series = series.with("state", "Active");
            *value = 0.0;
        }
    }
}

/// Lets probes of some checks fail, by the object that they are about: they wait until they give up.
pub(crate) fn unanswered(told: &mut Told, object: impl Fn(&str) -> bool) {
    for (series, value) in told {
        let about = object(series.get("object"));
        match series.get(NAME) {
            "probe_success" if about => *value = 0.0,
            "probe_duration_seconds" if about => *value = 10.0,
            _ => {}
        }
    }
}
