//! The finance table: what every host costs in a month and a year, and what would be saved.

use crate::kinds::{Cost, Period};
use crate::load::Isp;
use crate::table::Named;
use crate::value::{Cents, nearest};
use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use std::collections::BTreeSet;

/// One line of the finance table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// The name of the cost.
    pub name: &'a str,
    /// The host that it pays.
    pub host: Option<&'a str>,
    /// The site of that host.
    pub site: Option<&'a str>,
    /// Who is paid.
    pub provider: Option<&'a str>,
    /// What it is for.
    pub description: Option<&'a str>,
    /// How often it is paid.
    pub every: Period,
    /// Its share of a month; a yearly amount is divided and rounded half up.
    pub month: Cents,
    /// Its share of a year.
    pub year: Cents,
    /// The next renewal on or after the day of the question.
    pub renews: Option<Date>,
}

/// The finance table, with its totals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finances<'a> {
    /// What stays, by name.
    pub lines: Vec<Line<'a>>,
    /// What is left out of the question: what-if.
    pub without: Vec<Line<'a>>,
}

/// The sum of some lines.
pub fn sum(lines: &[Line<'_>], share: impl Fn(&Line<'_>) -> Cents) -> Cents {
    Cents(lines.iter().map(|line| share(line).0).sum())
}

/// The finance table on a day. `without` names costs or hosts that are left out.
///
/// # Errors
/// A name in `without` that is neither a cost nor a host that costs something: the name and the
/// one that was probably meant.
pub fn finances<'a>(
    isp: &'a Isp,
    today: Date,
    without: &[String],
) -> Result<Finances<'a>, (String, Option<&'a str>)> {
    let lines: Vec<Line<'a>> = isp.costs.values().map(|cost| line(isp, cost, today)).collect();
    for name in without {
        if !lines.iter().any(|line| line.is_called(name)) {
            let known: BTreeSet<&str> =
                lines.iter().flat_map(|line| [Some(line.name), line.host]).flatten().collect();
            return Err((name.clone(), nearest(name, known)));
        }
    }
    let left_out = |line: &Line<'_>| without.iter().any(|name| line.is_called(name));
    let (without, lines) = lines.into_iter().partition(left_out);
    Ok(Finances { lines, without })
}

impl Line<'_> {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.host == Some(name)
    }
}

fn line<'a>(isp: &'a Isp, cost: &'a Cost, today: Date) -> Line<'a> {
    let host = cost.host.map(|id| &isp.hosts[id]);
    let (month, year) = match cost.every {
        Period::Month => (cost.amount, Cents(cost.amount.0 * 12)),
        Period::Year => (Cents((cost.amount.0 + 6).div_euclid(12)), cost.amount),
    };
    Line {
        name: &cost.name,
        host: host.map(Named::name),
        site: host.map(|host| isp.sites[host.site].name()),
        provider: cost.provider.map(|id| isp.providers[id].name()),
        description: cost
            .description
            .as_deref()
            .or_else(|| host.and_then(|host| host.description.as_deref())),
        every: cost.every,
        month,
        year,
        renews: cost.renews.and_then(|first| next(first, cost.every, today)),
    }
}

/// The first renewal on or after a day.
fn next(first: Date, every: Period, today: Date) -> Option<Date> {
    let behind = i32::from(today.year()) - i32::from(first.year());
    let (step, passed): (fn(i32) -> Span, i32) = match every {
        Period::Year => (|count| count.years(), behind),
        Period::Month => {
            let months = i32::from(today.month()) - i32::from(first.month());
            (|count| count.months(), behind * 12 + months)
        }
    };
    let candidates = [0, passed.max(0), passed.max(0) + 1];
    let dates = candidates.into_iter().filter_map(|count| first.checked_add(step(count)).ok());
    dates.filter(|date| *date >= today).min()
}
