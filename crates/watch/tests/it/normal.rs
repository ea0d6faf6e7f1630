//! The rules of the model are silent where nothing is wrong: for an hour in which nothing happens, and for a day
//! with everything that happens on a good one.

use crate::provider::{Provider, Scene, healthy, line};
use crate::telling::{Told, sessions, value};
use metrics::NAME;
use std::collections::BTreeSet;

#[test]
fn an_hour_of_nothing_is_silent() {
    let mut provider = Provider::new("nothing");
    let rules: usize = provider.groups.iter().map(|group| group.rules.len()).sum();
    provider.minutes(60, &healthy);
    assert_eq!(provider.errors(), Vec::<String>::new());
    assert_eq!(provider.state.alerts(), vec![], "of {rules} rules");
}

/// The smallest example, with a service behind two proxies and a place from where it is asked.
const MORE: &str = r#"
[watch]
places   = ["probe"]
interval = "60s"

[certificate.all]
names  = ["*.isp.example"]
secret = "pass:tls"

[host.lb-1]
role = "proxy"
site = "here"
nic.eth0 = { segment = "lan", ipv4 = "80.67.191.21", ipv6 = "2001:913:1000::21" }

[host.lb-2]
role = "proxy"
site = "here"
nic.eth0 = { segment = "lan", ipv4 = "80.67.191.22", ipv6 = "2001:913:1000::22" }

[vip.proxy]
segment = "lan"
vrid    = 1
ipv4    = "80.67.191.20"
ipv6    = "2001:913:1000::20"
hosts   = ["lb-1", "lb-2"]

[host.web]
role = "server"
site = "here"
nic.eth0 = { segment = "lan", ipv4 = "80.67.191.30", ipv6 = "2001:913:1000::30" }

[host.probe]
kind = "rented"
role = "server"
site = "here"

[service.www]
names       = ["www.isp.example"]
hosts       = ["web"]
certificate = "all"

[backup.web]
services = ["www"]
to       = "probe"
"#;

const HOSTS: [&str; 5] = ["router", "lb-1", "lb-2", "web", "probe"];
const GIB: f64 = 1_073_741_824.0;
/// When the first proxy is down at night, and when it is up again, in minutes of the day.
const DOWN: f64 = 180.0;
const UP: f64 = 184.0;

#[test]
fn a_day_of_normal_life_is_silent() {
    let small = testkit::example("minimal").join("isp.toml");
    let text = std::fs::read_to_string(small).expect("it is there") + MORE;
    let mut provider = Provider::of("day", testkit::isp_from(&text), "minimal");
    provider.step = 240_000;
    provider.past(2, &HOSTS, &life);
    let mut told = BTreeSet::new();
    for minute in (4..=1440).step_by(4) {
        provider.minutes(4, &life);
        for alert in provider.firing() {
            let restarted = line(&alert) == "HostRestarted host.lb-1";
            assert!(restarted && (184..194).contains(&minute), "{minute}: {}", line(&alert));
            told.insert(minute);
        }
    }
    assert_eq!(told.len(), 3, "a restart is told for ten minutes: {told:?}");
    assert_eq!(provider.errors(), Vec::<String>::new());
}

/// What happens on any day, by its minutes.
fn life(at: &Scene<'_>, told: &mut Told) {
    let minute = (at.now / 60.0).rem_euclid(1440.0);
    busy(minute, told);
    if at.host == "lb-1" {
        restarts(at, minute, told);
    }
    if at.host == "lb-2" && (DOWN..UP).contains(&minute) {
        value(told, "ketupa_vip_held", &[], 1.0);
    }
    // Every night the database is dumped, which takes most of what is left for most of an hour.
    if at.host == "web" {
        let dump = if (120.0..170.0).contains(&minute) { 5.0 } else { 0.0 };
        value(told, "node_filesystem_avail_bytes", &[("mountpoint", "/")], (7.0 - dump) * GIB);
    }
    // A neighbour restarts its router.
    if at.host == "router" && (240.0..244.0).contains(&minute) {
        sessions(told, |name| name.ends_with("_4"));
    }
    // An answer that is lost.
    if at.host == "probe" && minute.rem_euclid(96.0) < 4.0 {
        value(told, "probe_success", &[], 0.0);
    }
}

/// People are awake: load, traffic and warmth come and go.
fn busy(minute: f64, told: &mut Told) {
    let awake = (minute / 1440.0 * std::f64::consts::PI).sin();
    let leap = if (780.0..790.0).contains(&minute) { 0.02 } else { -0.0004 };
    for (series, value) in told {
        match series.get(NAME) {
            "node_load15" => *value = 0.3 + 2.5 * awake,
            "node_memory_MemAvailable_bytes" => *value = (0.7 - 0.5 * awake) * GIB,
            "node_timex_offset_seconds" => *value = leap,
            "node_nf_conntrack_entries" => *value = 3_000.0 + 90_000.0 * awake,
            "smartctl_device_temperature" => *value = 34.0 + 14.0 * awake,
            "probe_duration_seconds" => *value = 0.08 + 0.3 * awake,
            "node_network_receive_errs_total" => *value += (minute / 10.0).floor(),
            _ => {}
        }
    }
}

/// Upgraded at night, it starts anew: what it counts begins at nothing.
fn restarts(at: &Scene<'_>, minute: f64, told: &mut Told) {
    if (DOWN..UP).contains(&minute) {
        return told.clear();
    }
    let midnight = at.now - minute * 60.0;
    let boot = midnight + UP * 60.0 - if minute < UP { 86_400.0 } else { 0.0 };
    for (series, value) in told {
        match series.get(NAME) {
            "node_boot_time_seconds" => *value = boot,
            "node_vmstat_oom_kill" => *value = 0.0,
            "node_network_carrier_changes_total" => *value = 1.0,
            name if name.starts_with("node_network_") && name.ends_with("packets_total") => {
                *value = (at.now - boot) * 200.0;
            }
            name if name.starts_with("node_network_") && name.ends_with("errs_total") => {
                *value = 0.0;
            }
            _ => {}
        }
    }
}
