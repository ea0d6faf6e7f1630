//! When something starts again and again: the five fields of cron.

use super::{Value, Wrong, unexpected};
use crate::names::Names;
use jiff::civil::Date;
use std::str::FromStr;
use toml::de::DeValue;

/// Minutes, hours, days of the month, months and weekdays, as cron writes them. As in cron, a day
/// counts if its number *or* its weekday is named where both are restricted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

/// What a field may hold: its lowest and highest number, and names for numbers from the lowest on.
struct Field {
    low: u8,
    high: u8,
    names: &'static [&'static str],
}

const MINUTES: Field = Field { low: 0, high: 59, names: &[] };
const HOURS: Field = Field { low: 0, high: 23, names: &[] };
const DAYS: Field = Field { low: 1, high: 31, names: &[] };
const MONTHS: Field = Field {
    low: 1,
    high: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
// 7 is Sunday too.
const WEEKDAYS: Field =
    Field { low: 0, high: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// The most days that each month can have.
const LONGEST: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Cron {
    /// Whether it starts something on this day.
    pub fn on(&self, date: Date) -> bool {
        let sunday_first = date.weekday().to_sunday_zero_offset();
        let day = has(self.days, date.day().unsigned_abs());
        let weekday = has(self.weekdays, sunday_first.unsigned_abs());
        let by_day = match (self.days == DAYS.all(), self.weekdays == every_weekday()) {
            (false, false) => day || weekday,
            (true, _) => weekday,
            (false, true) => day,
        };
        by_day && has(self.months, date.month().unsigned_abs())
    }

    /// The hours and minutes of a day at which it starts something, in order.
    pub fn times(&self) -> impl Iterator<Item = (i8, i8)> + '_ {
        let hours = (0..24u8).filter(|hour| has(self.hours, *hour));
        let minutes = || (0..60u8).filter(|minute| has(self.minutes, *minute));
        hours.flat_map(move |hour| {
            minutes().map(move |minute| (hour.cast_signed(), minute.cast_signed()))
        })
    }

    /// Whether it counts hours and not times of the day: every hour is named.
    pub fn is_hourly(&self) -> bool {
        self.hours == HOURS.all()
    }

    /// Whether a calendar has any such day: the 30th of February never comes.
    fn comes(&self) -> bool {
        let any_weekday = self.weekdays != every_weekday();
        let longest = (1..=12u8).zip(LONGEST);
        any_weekday
            || longest
                .filter(|(month, _)| has(self.months, *month))
                .any(|(_, longest)| (1..=longest).any(|day| has(self.days, day)))
    }
}

impl std::fmt::Display for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Field {
    fn all(&self) -> u64 {
        (self.low..=self.high).fold(0, |set, number| set | 1 << number)
    }

    /// `*`, `5`, `1-5`, `*/10`, `mon-fri`, and lists of them.
    fn read(&self, text: &str) -> Option<u64> {
        text.split(',').try_fold(0, |set, part| Some(set | self.part(part)?))
    }

    fn part(&self, text: &str) -> Option<u64> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, digits(step)?),
            None => (text, 1),
        };
        let (low, high) = match (range, range.split_once('-')) {
            ("*", _) => (self.low, self.high),
            (_, Some((low, high))) => (self.number(low)?, self.number(high)?),
            (one, None) if step == 1 => (self.number(one)?, self.number(one)?),
            // `5/10` means different things to different crons.
            (_, None) => return None,
        };
        let fine = low <= high && (1..=self.high).contains(&step);
        let numbers = (low..=high).step_by(usize::from(step.max(1)));
        fine.then(|| numbers.fold(0, |set, number| set | 1 << number))
    }

    fn number(&self, text: &str) -> Option<u8> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|at| u8::try_from(at).ok()).map(|at| at + self.low);
        named.or_else(|| digits(text)).filter(|number| (self.low..=self.high).contains(number))
    }
}

fn digits(text: &str) -> Option<u8> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn has(set: u64, number: u8) -> bool {
    set >> number & 1 == 1
}

/// Sunday is 0 and 7; kept as 0.
fn sunday_once(set: u64) -> u64 {
    (set | set >> 7 & 1) & every_weekday()
}

fn every_weekday() -> u64 {
    0b111_1111
}

impl FromStr for Cron {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return Err(()) };
        Ok(Self {
            text: fields.join(" "),
            minutes: MINUTES.read(minutes).ok_or(())?,
            hours: HOURS.read(hours).ok_or(())?,
            days: DAYS.read(days).ok_or(())?,
            months: MONTHS.read(months).ok_or(())?,
            weekdays: sunday_once(WEEKDAYS.read(weekdays).ok_or(())?),
        })
    }
}

impl Value for Cron {
    fn expects() -> String {
        "minute, hour, day, month and weekday as in cron, such as \"30 4 * * mon-fri\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        let cron: Self = text.parse().map_err(|()| unexpected::<Self>(value))?;
        if cron.comes() {
            return Ok(cron);
        }
        Err(Wrong::new("no calendar has such a day").hint("look at the day and the month"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn cron(text: &str) -> Cron {
        text.parse().unwrap_or_else(|()| panic!("{text}"))
    }

    #[test]
    fn reads_what_cron_reads() {
        let times = |text: &str| cron(text).times().collect::<Vec<_>>();
        assert_eq!(times("*/30 4,16 * * *"), [(4, 0), (4, 30), (16, 0), (16, 30)]);
        assert_eq!(times("5 0-6/3 * * *"), [(0, 5), (3, 5), (6, 5)]);
        let weekdays = cron("0 0 * * mon-FRI");
        assert!(weekdays.on(date(2026, 11, 27)) && !weekdays.on(date(2026, 11, 28)));
        assert_eq!(cron("0 0 * * 7").weekdays, cron("0 0 * * sun").weekdays);
        assert!(cron("0 0 * * 1-7").on(date(2026, 11, 29)), "7 ends a week on Sunday");
    }

    #[test]
    fn takes_either_day_where_both_are_named() {
        let either = cron("0 0 13 * fri");
        assert!(either.on(date(2026, 11, 13)) && either.on(date(2026, 11, 20)));
        assert!(either.on(date(2026, 10, 13)) && !either.on(date(2026, 10, 14)));
    }

    #[test]
    fn refuses_what_means_nothing_or_two_things() {
        for text in [
            "",
            "* * * *",
            "60 * * * *",
            "5/10 * * * *",
            "9-5 * * * *",
            "*/0 * * * *",
            "+5 * * * *",
        ] {
            assert!(text.parse::<Cron>().is_err(), "{text}");
        }
        assert!(!cron("0 0 30 feb *").comes() && cron("0 0 29 feb *").comes());
    }
}
