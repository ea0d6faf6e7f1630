//! When a schedule comes next, whatever clocks are changed meanwhile.

use crate::Millis;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};
use model::value::Cron;

/// The 29th of February can be eight years away.
const DAYS_AHEAD: usize = 366 * 9;

/// The first moment after this one at which the schedule starts something.
///
/// A time of the day that a change of clocks leaves out comes as much later; one that comes twice counts
/// the first time. A schedule of every hour counts the hours that pass instead.
pub fn next(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    // A day of clocks put forward or back can begin in the day before.
    let first = zone.to_datetime(after).date().yesterday().ok()?;
    let days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(DAYS_AHEAD);
    let of_day = |day: Date| moments(cron, zone, day).filter(|moment| *moment > after).min();
    let mut days = days.filter(|day| cron.on(*day)).filter_map(of_day);
    // What a gap moved may lie behind the first time of the day after.
    days.by_ref().take(2).min()
}

/// The moments of one day.
fn moments<'a>(
    cron: &'a Cron,
    zone: &'a TimeZone,
    day: Date,
) -> impl Iterator<Item = Timestamp> + 'a {
    let times = cron.times().filter_map(|(hour, minute)| Time::new(hour, minute, 0, 0).ok());
    times.flat_map(move |time| {
        let local = day.to_datetime(time);
        moments_of(cron, local, zone).into_iter().flatten()
    })
}

/// The moments at which clocks show this time, as far as they count.
fn moments_of(cron: &Cron, local: DateTime, zone: &TimeZone) -> [Option<Timestamp>; 2] {
    match (zone.to_ambiguous_timestamp(local).offset(), cron.is_hourly()) {
        (AmbiguousOffset::Unambiguous { offset }, _) => [offset.to_timestamp(local).ok(), None],
        (AmbiguousOffset::Gap { .. }, true) => [None, None],
        (AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. }, false) => {
            [before.to_timestamp(local).ok(), None]
        }
        (AmbiguousOffset::Fold { before, after }, true) => {
            [before.to_timestamp(local).ok(), after.to_timestamp(local).ok()]
        }
    }
}

/// What a schedule asks for: the latest time that has come since it was looked at, if one has. A server
/// that was away does not catch up with every one.
pub fn due(cron: &Cron, zone: &TimeZone, seen: Millis, now: Millis) -> Option<Millis> {
    let (seen, now) = (moment(seen)?, moment(now)?);
    let first = next(cron, zone, seen).filter(|first| *first <= now)?;
    // One look is enough where a server lives; after an absence only its last day matters.
    let recent = now.checked_sub(26.hours()).unwrap_or(first).max(first);
    let start = if recent > first { next(cron, zone, recent).filter(|t| *t <= now) } else { None };
    let later = std::iter::successors(Some(start.unwrap_or(first)), |last| next(cron, zone, *last));
    later.take_while(|moment| *moment <= now).last().map(Timestamp::as_millisecond)
}

/// How much later than its time something starts: up to `jitter`, by chance.
pub fn delay(jitter_s: u64, chance: u64) -> Millis {
    let most = jitter_s.saturating_mul(1_000);
    if most == 0 { 0 } else { i64::try_from(chance % most).unwrap_or(0) }
}

/// A moment for the calendar.
pub fn moment(at: Millis) -> Option<Timestamp> {
    Timestamp::from_millisecond(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("the system has time zones")
    }

    fn cron(text: &str) -> Cron {
        text.parse().unwrap_or_else(|()| panic!("{text}"))
    }

    /// The next moments, as local clocks show them.
    fn shown(text: &str, place: &str, after: &str, count: usize) -> Vec<String> {
        let (cron, zone) = (cron(text), zone(place));
        let mut at: Timestamp = after.parse().unwrap();
        let mut moments = Vec::new();
        for _ in 0..count {
            at = next(&cron, &zone, at).expect("it comes");
            moments.push(
                jiff::ZonedDateTime::new(at, zone.clone()).strftime("%d %H:%M %:z").to_string(),
            );
        }
        moments
    }

    #[test]
    fn a_time_that_is_left_out_comes_an_hour_later() {
        let told = shown("30 2 * * *", "Europe/Brussels", "2026-03-28T12:00:00Z", 2);
        assert_eq!(told, ["29 03:30 +02:00", "30 02:30 +02:00"]);
    }

    #[test]
    fn a_time_that_comes_twice_counts_once() {
        let told = shown("30 2 * * *", "Europe/Brussels", "2026-10-24T12:00:00Z", 2);
        assert_eq!(told, ["25 02:30 +02:00", "26 02:30 +01:00"]);
    }

    #[test]
    fn every_hour_counts_hours() {
        let told = shown("0 * * * *", "Europe/Brussels", "2026-10-24T23:30:00Z", 3);
        assert_eq!(told, ["25 02:00 +02:00", "25 02:00 +01:00", "25 03:00 +01:00"]);
        let told = shown("0 * * * *", "Europe/Brussels", "2026-03-29T00:00:00Z", 2);
        assert_eq!(told, ["29 03:00 +02:00", "29 04:00 +02:00"]);
    }

    #[test]
    fn a_day_without_midnight_has_its_work() {
        // In Beirut clocks went from 00:00 to 01:00.
        let told = shown("0 0 * * *", "Asia/Beirut", "2022-03-26T12:00:00Z", 2);
        assert_eq!(told, ["27 01:00 +03:00", "28 00:00 +03:00"]);
    }

    #[test]
    fn an_absence_is_caught_up_with_once() {
        let (cron, utc) = (cron("*/5 * * * *"), TimeZone::UTC);
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let due = due(&cron, &utc, at("2026-01-01T00:01:00Z"), at("2026-11-26T03:33:00Z"));
        assert_eq!(due, Some(at("2026-11-26T03:30:00Z")));
    }

    proptest! {
        /// What is found by walking minute by minute is what is computed.
        #[test]
        fn agrees_with_a_walk(start in 1_767_000_000i64..1_830_000_000, hour in 0u8..24, minute in 0u8..60,
                              place in prop::sample::select(vec!["Europe/Brussels", "America/Santiago", "Australia/Lord_Howe"])) {
            let (cron, zone) = (cron(&format!("{minute} {hour} * * *")), zone(place));
            let after = Timestamp::from_second(start).unwrap();
            let found = next(&cron, &zone, after).unwrap();
            prop_assert!(found > after);
            // At most a day and the change of clocks away.
            prop_assert!(found.duration_since(after).as_secs() <= 26 * 3600);
            let local = zone.to_datetime(found);
            let plain = (local.hour().unsigned_abs(), local.minute().unsigned_abs()) == (hour, minute);
            let wanted = local.date().at(hour.cast_signed(), minute.cast_signed(), 0, 0);
            let gap = matches!(zone.to_ambiguous_timestamp(wanted).offset(), AmbiguousOffset::Gap { .. });
            prop_assert!(plain || gap, "{local}");
            // One run for each day: none is lost, none comes twice.
            let again = next(&cron, &zone, found).unwrap();
            prop_assert!(zone.to_datetime(again).date() == local.date().tomorrow().unwrap(), "{local} then {again}");
        }
    }
}
