//! Parts of dates, in UTC, by the proleptic Gregorian calendar.

pub(super) fn find(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "minute" => |time| ((time as i64).div_euclid(60).rem_euclid(60)) as f64,
        "hour" => |time| ((time as i64).div_euclid(3600).rem_euclid(24)) as f64,
        "day_of_week" => |time| (days(time) + 4).rem_euclid(7) as f64,
        "day_of_month" => |time| date(days(time)).2 as f64,
        "day_of_year" => |time| {
            let day = days(time);
            (day - first_of(date(day).0, 1) + 1) as f64
        },
        "days_in_month" => |time| {
            let (year, month, _) = date(days(time));
            let next = if month == 12 { first_of(year + 1, 1) } else { first_of(year, month + 1) };
            (next - first_of(year, month)) as f64
        },
        "month" => |time| date(days(time)).1 as f64,
        "year" => |time| date(days(time)).0 as f64,
        _ => return None,
    })
}

/// Days since 1970; of times beyond a hundred million years nobody asks.
fn days(time: f64) -> i64 {
    (time as i64).clamp(-(1 << 51), 1 << 51).div_euclid(86_400)
}

/// Year, month and day. Years begin in March here, so that the odd day is the last; the calendar
/// repeats after 146,097 days.
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, of_month)
}

/// The day on which a month begins.
fn first_of(year: i64, month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_a_thousand_years_has_the_date_that_follows() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for count in 0..365_243 {
            assert_eq!(date(count), (year, month, day));
            assert_eq!(first_of(year, month) + day - 1, count);
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + i64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!(date(-1), (1969, 12, 31));
    }
}
