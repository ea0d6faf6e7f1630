//! `ketupa cost`: the finance table, and what leaving something out would save.

use super::{End, Error};
use crate::cli::{Cost, Format};
use crate::input;
use crate::screen::{Printed, Screen, counted};
use model::Isp;
use model::cost::{Finances, Line, finances, sum};
use model::kinds::Period;
use serde_json::json;

pub(crate) fn run(args: &Cost, screen: &mut Screen) -> Result<End, Error> {
    let read = input::read(&args.place.dir)?;
    let Some(isp) = read.isp else {
        screen.findings(&read.findings, &read.directory.sources)?;
        screen.say(counted(&read.findings));
        return Ok(End::Wrong);
    };
    let today = super::today(args.today);
    let table = finances(&isp, today, &args.without).map_err(|(name, near)| {
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Error::Usage(format!("--without {name}: nothing of this name costs anything{near}"))
    })?;
    match args.format {
        Format::Text => text(&isp, &table, screen)?,
        Format::Json => screen.json(&as_json(&isp, &table))?,
    }
    Ok(End::Well)
}

fn text(isp: &Isp, table: &Finances<'_>, screen: &mut Screen) -> Printed {
    let currency = &isp.about.currency;
    let heading = format!(
        "{:<14} {:<12} {:<12} {:>10} {:>11}  {:<8} {:<11} what",
        "host",
        "provider",
        "site",
        format!("{currency}/month"),
        format!("{currency}/year"),
        "paid",
        "renews"
    );
    screen.line(heading)?;
    for line in &table.lines {
        screen.line(row(line))?;
    }
    let total = format!(
        "{:<40} {:>10} {:>11}",
        "total",
        sum(&table.lines, |l| l.month).to_string(),
        sum(&table.lines, |l| l.year).to_string()
    );
    screen.line(total)?;
    if !table.without.is_empty() {
        let names: Vec<&str> =
            table.without.iter().map(|line| line.host.unwrap_or(line.name)).collect();
        screen.line(format!(
            "without {}: {} {currency} a month saved, {} {currency} a year",
            names.join(", "),
            sum(&table.without, |line| line.month),
            sum(&table.without, |line| line.year),
        ))?;
    }
    if let Some(budget) = isp.about.budget {
        let left = budget.0 - sum(&table.lines, |line| line.month).0;
        let word = if left < 0 { "over" } else { "left of" };
        screen.line(format!(
            "{} {currency} {word} the budget of {budget} {currency} a month",
            model::value::Cents(left.abs())
        ))?;
    }
    Ok(())
}

fn row(line: &Line<'_>) -> String {
    let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let renews = line.renews.map_or_else(|| "-".to_owned(), |date| date.to_string());
    let row = format!(
        "{:<14} {:<12} {:<12} {:>10} {:>11}  {:<8} {:<11} {}",
        line.host.unwrap_or(line.name),
        or_dash(line.provider),
        or_dash(line.site),
        line.month.to_string(),
        line.year.to_string(),
        paid(line.every),
        renews,
        line.description.unwrap_or_default(),
    );
    row.trim_end().to_owned()
}

fn paid(every: Period) -> &'static str {
    match every {
        Period::Month => "monthly",
        Period::Year => "yearly",
    }
}

fn as_json(isp: &Isp, table: &Finances<'_>) -> serde_json::Value {
    let lines = |lines: &[Line<'_>]| -> Vec<serde_json::Value> {
        let one = |line: &Line<'_>| {
            json!({
                "name": line.name, "host": line.host, "provider": line.provider, "site": line.site,
                "paid": paid(line.every), "month_cents": line.month.0, "year_cents": line.year.0,
                "renews": line.renews.map(|date| date.to_string()), "description": line.description,
            })
        };
        lines.iter().map(one).collect()
    };
    json!({
        "currency": isp.about.currency,
        "lines": lines(&table.lines),
        "month_cents": sum(&table.lines, |line| line.month).0,
        "year_cents": sum(&table.lines, |line| line.year).0,
        "without": lines(&table.without),
        "saved_month_cents": sum(&table.without, |line| line.month).0,
        "saved_year_cents": sum(&table.without, |line| line.year).0,
    })
}
