//! What must be paid for again soon: follows from dates, not from measurements.

use crate::Words;
use crate::state::{Alert, Phase};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::Isp;
use model::cost::{Line, finances};

/// So many days before something renews, somebody is told.
const DAYS: i32 = 14;

/// An alert for each cost that renews soon.
pub fn renewals(isp: &Isp, today: Date) -> Vec<Alert> {
    // Nothing is left out, so that nothing can be left out wrongly.
    let Ok(table) = finances(isp, today, &[]) else { return Vec::new() };
    table.lines.iter().filter_map(|line| renewal(isp, line, today)).collect()
}

fn renewal(isp: &Isp, line: &Line<'_>, today: Date) -> Option<Alert> {
    let renews = line.renews?;
    let from = renews.checked_sub(DAYS.days()).ok()?;
    if today < from || line.month.0 == 0 && line.year.0 == 0 {
        return None;
    }
    let since = TimeZone::UTC.to_timestamp(from.at(0, 0, 0, 0)).ok()?.as_millisecond();
    let object = ["cost.", line.name].concat();
    let near: Vec<String> = line.host.map(|host| ["host.", host].concat()).into_iter().collect();
    let (name, currency, year) = (line.name, &isp.about.currency, line.year);
    let annotations = [
        ("summary", format!("{name} renews on {renews}: {year} {currency} a year")),
        ("summary_fr", format!("{name} se renouvelle le {renews} : {year} {currency} par an")),
        ("do", "Still needed? Else give notice now; see that the payment will go through.".into()),
        (
            "do_fr",
            "Encore utile ? Sinon résilier maintenant ; vérifier que le paiement passera.".into(),
        ),
        ("near", near.join(", ")),
    ];
    let labels =
        [("alertname", "CostRenews".to_owned()), ("object", object), ("severity", "info".into())];
    let words = |pairs: Vec<(&str, String)>| -> Words {
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    };
    Some(Alert {
        labels: words(labels.into()),
        annotations: words(annotations.into()),
        phase: Phase::Firing,
        value: f64::from((renews - today).get_days()),
        since,
        fired: Some(since),
        resolved: None,
    })
}
