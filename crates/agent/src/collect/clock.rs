//! The clock: what time it is, and how far it may be wrong.

use super::{Source, Went};
use crate::ask;
use crate::text::{Families, Metric};
use crate::tree::Trouble;
use std::time::{SystemTime, UNIX_EPOCH};

const TIME: Metric<'_> =
    Metric::gauge("node_time_seconds", "System time in seconds since epoch (1970).");
const ZONE: Metric<'_> =
    Metric::gauge("node_time_zone_offset_seconds", "System time zone offset in seconds.");
const AVAILABLE: Metric<'_> = Metric::gauge(
    "node_time_clocksource_available_info",
    "Available clocksources read from '/sys/devices/system/clocksource'.",
);
const CURRENT: Metric<'_> = Metric::gauge(
    "node_time_clocksource_current_info",
    "Current clocksource read from '/sys/devices/system/clocksource'.",
);

pub(super) fn time(source: &Source, found: &mut Families) -> Went {
    const BELOW: &str = "sys/devices/system/clocksource";
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    found.add(&TIME, &[], now.as_secs_f64());
    let here = jiff::ZonedDateTime::now();
    let zone = here.strftime("%Z").to_string();
    found.add(&ZONE, &[("time_zone", &zone)], f64::from(here.offset().seconds()));
    for entry in source.root.names(BELOW)? {
        let Some(device) = entry.strip_prefix("clocksource") else { continue };
        let word =
            |file: &str| source.root.word(&format!("{BELOW}/{entry}/{file}")).unwrap_or_default();
        for clock in word("available_clocksource").split_whitespace() {
            found.add(&AVAILABLE, &[("device", device), ("clocksource", clock)], 1.0);
        }
        found.add(
            &CURRENT,
            &[("device", device), ("clocksource", &word("current_clocksource"))],
            1.0,
        );
    }
    Ok(())
}

/// Asks the kernel's clock and changes nothing: `adjtimex` with no mode, and the fields of its answer.
/// No crate that we trust has this call without unsafe code; Perl is part of every Debian.
const ADJTIMEX: &str = r#"
    my %call = (x86_64 => 159, aarch64 => 171);
    open my $arch, "<", "/proc/sys/kernel/arch" or die; chomp(my $machine = <$arch>);
    my $answer = "\0" x 208;
    my $state = syscall($call{$machine} // die, $answer);
    print join " ", $state, unpack("x8 q<4 l< x4 q< x32 q<3 l< x4 q<5 l<", $answer);
"#;
/// The state that says that the clock is not synchronised.
const UNSYNCHRONISED: f64 = 5.0;
/// The bit of the status that says that times are in nanoseconds.
const STATUS_NANO: u64 = 0x2000;
/// Parts of a million, times 2^16.
const PPM: f64 = 65_536_000_000.0;

#[derive(Clone, Copy)]
enum Unit {
    One,
    Micro,
    /// Nanoseconds or microseconds, as the status says.
    Fine,
    Ppm,
    /// How much faster or slower: 1 is as it should be.
    Ratio,
}

/// The fields of the answer in their order.
const FIELDS: [(Metric<'_>, Unit); 16] = [
    (
        Metric::gauge(
            "node_timex_offset_seconds",
            "Time offset in between local system and reference clock.",
        ),
        Unit::Fine,
    ),
    (
        Metric::gauge("node_timex_frequency_adjustment_ratio", "Local clock frequency adjustment."),
        Unit::Ratio,
    ),
    (Metric::gauge("node_timex_maxerror_seconds", "Maximum error in seconds."), Unit::Micro),
    (
        Metric::gauge("node_timex_estimated_error_seconds", "Estimated error in seconds."),
        Unit::Micro,
    ),
    (Metric::gauge("node_timex_status", "Value of the status array bits."), Unit::One),
    (Metric::gauge("node_timex_loop_time_constant", "Phase-locked loop time constant."), Unit::One),
    (Metric::gauge("node_timex_tick_seconds", "Seconds between clock ticks."), Unit::Micro),
    (Metric::gauge("node_timex_pps_frequency_hertz", "Pulse per second frequency."), Unit::Ppm),
    (Metric::gauge("node_timex_pps_jitter_seconds", "Pulse per second jitter."), Unit::Fine),
    (
        Metric::gauge("node_timex_pps_shift_seconds", "Pulse per second interval duration."),
        Unit::One,
    ),
    (
        Metric::gauge(
            "node_timex_pps_stability_hertz",
            "Pulse per second stability, average of recent frequency changes.",
        ),
        Unit::Ppm,
    ),
    (
        Metric::counter(
            "node_timex_pps_jitter_total",
            "Pulse per second count of jitter limit exceeded events.",
        ),
        Unit::One,
    ),
    (
        Metric::counter(
            "node_timex_pps_calibration_total",
            "Pulse per second count of calibration intervals.",
        ),
        Unit::One,
    ),
    (
        Metric::counter(
            "node_timex_pps_error_total",
            "Pulse per second count of calibration errors.",
        ),
        Unit::One,
    ),
    (
        Metric::counter(
            "node_timex_pps_stability_exceeded_total",
            "Pulse per second count of stability limit exceeded events.",
        ),
        Unit::One,
    ),
    (
        Metric::gauge("node_timex_tai_offset_seconds", "International Atomic Time (TAI) offset."),
        Unit::One,
    ),
];
const SYNCHRONISED: Metric<'_> = Metric::gauge(
    "node_timex_sync_status",
    "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
);

pub(super) fn timex(_source: &Source, found: &mut Families) -> Went {
    answer(&ask::program("perl", &["-e", ADJTIMEX])?, found)
}

fn answer(text: &str, found: &mut Families) -> Went {
    let numbers = super::numbers(text.split_whitespace());
    let (Some((state, fields)), true) = (numbers.split_first(), numbers.len() == FIELDS.len() + 1)
    else {
        return Err(Trouble::Strange("adjtimex", "another number of fields"));
    };
    let nano = fields.get(4).is_some_and(|status| is_nano(*status));
    found.add(&SYNCHRONISED, &[], if *state >= UNSYNCHRONISED { 0.0 } else { 1.0 });
    for ((metric, unit), field) in FIELDS.iter().zip(fields) {
        let value = match unit {
            Unit::One => *field,
            Unit::Micro => field / 1e6,
            Unit::Fine => field / if nano { 1e9 } else { 1e6 },
            Unit::Ppm => field / PPM,
            Unit::Ratio => 1.0 + field / PPM,
        };
        found.add(metric, &[], value);
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the status is 16 bits"
)]
fn is_nano(status: f64) -> bool {
    status as u64 & STATUS_NANO != 0
}

#[cfg(test)]
mod tests {
    use crate::text::Families;

    #[test]
    fn tells_a_synchronised_clock_in_seconds() {
        let mut found = Families::default();
        let text = "0 1500 -655360 2000 500 8193 7 10000 0 20 0 0 0 0 0 0 37";
        super::answer(text, &mut found).expect("seventeen fields");
        let told = found.write();
        for line in [
            "node_timex_offset_seconds 0.0000015",
            "node_timex_sync_status 1",
            "node_timex_frequency_adjustment_ratio 0.99999",
            "node_timex_tick_seconds 0.01",
            "node_timex_pps_jitter_seconds 0.00000002",
            "node_timex_tai_offset_seconds 37",
        ] {
            assert!(told.lines().any(|told| told == line), "{line} is not in {told}");
        }
    }

    #[test]
    fn refuses_an_answer_with_a_field_less() {
        let mut found = Families::default();
        assert!(super::answer("0 1 2 3", &mut found).is_err());
        assert_eq!(found.count(), 0);
    }
}
