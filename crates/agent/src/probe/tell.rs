//! What came of probes, in the names of the `blackbox_exporter`.

use super::{Asks, Probe, Tried};
use crate::text::{Families, Metric};

const SUCCESS: Metric<'_> =
    Metric::gauge("probe_success", "Displays whether or not the probe was a success");
const DURATION: Metric<'_> = Metric::gauge(
    "probe_duration_seconds",
    "Returns how long the probe took to complete in seconds",
);
const LOOKUP: Metric<'_> = Metric::gauge(
    "probe_dns_lookup_time_seconds",
    "Returns the time taken for probe dns lookup in seconds",
);
const PROTOCOL: Metric<'_> =
    Metric::gauge("probe_ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6");
const STATUS: Metric<'_> = Metric::gauge("probe_http_status_code", "Response HTTP status code");
const SSL: Metric<'_> =
    Metric::gauge("probe_http_ssl", "Indicates if SSL was used for the final redirect");
const TEXT: Metric<'_> =
    Metric::gauge("probe_failed_due_to_regex", "Indicates if probe failed due to regex");
const ENDS: Metric<'_> =
    Metric::gauge("probe_ssl_earliest_cert_expiry", "Returns last SSL chain expiry in unixtime");
const ECHO: Metric<'_> =
    Metric::gauge("probe_icmp_duration_seconds", "Duration of icmp request by phase");
const RECORDS: Metric<'_> = Metric::gauge(
    "probe_dns_answer_rrs",
    "Returns number of entries in the answer resource record list",
);
const HELD: Metric<'_> =
    Metric::gauge("ketupa_vip_held", "Whether this host holds an address of the VIP.");

/// Tells what came of one.
pub(super) fn tell(found: &mut Families, probe: &Probe, tried: &Tried) {
    if let Some(held) = tried.held {
        found.add(&HELD, &[("vip", &probe.object)], f64::from(held));
    }
    if probe.asks == Asks::Held {
        return;
    }
    let labels = [("check", probe.check.as_str()), ("object", probe.object.as_str())];
    let mut add = |metric: &Metric<'_>, value: f64| found.add(metric, &labels, value);
    add(&SUCCESS, f64::from(tried.wrong.is_none()));
    add(&DURATION, tried.took.as_secs_f64());
    add(&LOOKUP, tried.resolved.as_secs_f64());
    if let Some(asked) = tried.asked {
        add(&PROTOCOL, if asked.is_ipv4() { 4.0 } else { 6.0 });
    }
    if let Some(status) = tried.status {
        add(&STATUS, f64::from(status));
        add(&SSL, f64::from(probe.asks == Asks::Https));
    }
    if let Some(contains) = tried.contains {
        add(&TEXT, f64::from(!contains));
    }
    if let Some(ends) = tried.ends {
        add(&ENDS, seconds(ends));
    }
    if let Some(records) = tried.records {
        add(&RECORDS, f64::from(records));
    }
    if let Some(echo) = tried.echo {
        let [check, object] = labels;
        found.add(&ECHO, &[check, object, ("phase", "rtt")], echo.as_secs_f64());
    }
}

/// A time of a certificate: until the year 9999 a number of seconds has no more digits than a float.
fn seconds(time: i64) -> f64 {
    let (high, low) = (i32::try_from(time >> 32), u32::try_from(time & 0xffff_ffff));
    f64::from(high.unwrap_or_default()) * 4_294_967_296.0 + f64::from(low.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_told_to_the_second() {
        assert_eq!(seconds(1_795_680_000).to_string(), "1795680000");
        assert_eq!(seconds(253_402_300_799).to_string(), "253402300799");
        assert_eq!(seconds(-1).to_string(), "-1");
    }
}
